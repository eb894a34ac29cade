"""Account pages and the administrators' pages about people."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from institute.people.enums import Role
from institute.people.models import ApiToken, User
from institute.people.queries import usable_token
from tests.factories.people import PASSWORD, UserFactory, user_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def me(client: Client) -> User:
    user = UserFactory.create()
    client.force_login(user)
    return user


@pytest.mark.parametrize(
    "name",
    [
        "people:account",
        "people:token-list",
        "mfa_index",
        "account_change_password",
        "account_logout",
        "mfa_activate_totp",
    ],
)
def test_account_pages_open_in_the_institutes_frame(client: Client, me: User, name: str) -> None:
    answer = client.get(reverse(name), follow=True)
    assert answer.status_code == 200
    assert '<html lang="en">' in answer.text
    assert "core/site.css" in answer.text


@pytest.mark.parametrize("name", ["account_login", "account_reset_password", "account_signup"])
def test_entrance_pages_open_in_the_institutes_frame(client: Client, name: str) -> None:
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    assert "core/site.css" in answer.text


def test_a_profile_is_saved(client: Client, me: User) -> None:
    client.post(reverse("people:account"), {"name": "Ada", "language": "fr", "time_zone": "Europe/Paris"})
    me.refresh_from_db()
    assert (me.name, me.language) == ("Ada", "fr")


def test_a_token_is_not_made_at_an_address_that_is_refused(client: Client, me: User) -> None:
    answer = client.post(reverse("people:token-list") + "?sort=none", {"name": "x", "scopes": ["read"], "days": 5})
    assert (answer.status_code, ApiToken.objects.filter(user=me).count()) == (422, 0)


def test_a_token_that_is_refused_is_not_made(client: Client, me: User) -> None:
    answer = client.post(reverse("people:token-list"), {"name": "", "scopes": ["read"], "days": 0})
    assert (answer.status_code, ApiToken.objects.filter(user=me).count()) == (422, 0)


def test_a_token_is_shown_once(client: Client, me: User) -> None:
    answer = client.post(reverse("people:token-list"), {"name": "laptop", "scopes": ["read"], "days": 5})
    assert answer["Cache-Control"] == "no-store"
    token = ApiToken.objects.get(user=me)
    assert f"{token.prefix}-" in answer.text
    assert "cannot be shown again" not in client.get(reverse("people:token-list")).text
    client.post(reverse("people:token-revoke", args=[token.public_id]))
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_the_list_of_tokens_is_paged_and_searched(client: Client, me: User) -> None:
    for n in range(26):
        client.post(reverse("people:token-list"), {"name": f"laptop {n:02}", "scopes": ["read"], "days": 5})
    url = reverse("people:token-list")
    first = client.get(url)
    assert ("laptop 25" in first.text, "laptop 00" in first.text, "26 entries" in first.text) == (True, False, True)
    assert first["Cache-Control"] == "no-store"
    found = client.get(url, {"q": "top 00"}, headers={"HX-Request": "true"})
    assert ("laptop 00" in found.text, "csrfmiddlewaretoken" in found.text, "<html" in found.text) == (
        True,
        True,
        False,
    )


def test_another_persons_token_cannot_be_revoked(client: Client, me: User) -> None:
    client.post(reverse("people:token-list"), {"name": "laptop", "scopes": ["read"], "days": 5})
    client.force_login(UserFactory.create())
    url = reverse("people:token-revoke", args=[ApiToken.objects.get().public_id])
    assert client.post(url).status_code == 404


def test_an_administrator_makes_people_and_gives_and_ends_roles(client: Client) -> None:
    client.force_login(user_with(Role.ADMIN))
    form = {"email": "new@example.org", "name": "New", "password": PASSWORD, "roles": ["reviewer"]}
    page = client.post(reverse("people:person-create"), form, follow=True)
    person = User.objects.get(email="new@example.org")
    assert "reviewer" in page.text
    detail = reverse("people:person-detail", args=[person.public_id])
    client.post(detail, {"role": "finance"})
    url = reverse("people:role-end", args=[person.public_id])
    client.post(url, {"role": "reviewer", "reason": "done"})
    assert User.objects.get(pk=person.pk).roles == {Role.FINANCE}


def test_a_weak_password_is_told_and_nobody_is_made(client: Client) -> None:
    client.force_login(user_with(Role.ADMIN))
    form = {"email": "new@example.org", "name": "New", "password": "short"}
    assert "too short" in client.post(reverse("people:person-create"), form).text
    assert not User.objects.filter(email="new@example.org").exists()


@pytest.mark.parametrize(
    ("role", "start"),
    [
        (Role.FINANCE, "staff:dashboard"),
        (Role.DONOR_CONTACT, "funding:pledge-list"),
        (None, "allocations:project-list"),
    ],
)
def test_people_start_behind_their_own_front_door(client: Client, role: Role | None, start: str) -> None:
    user = user_with(role) if role else UserFactory.create()
    user.set_password(PASSWORD)
    user.save()
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, reverse(start))
    client.logout()
    answer = client.post("/accounts/login/?next=/papers", {"login": user.email, "password": PASSWORD})
    assert answer["Location"] == "/papers"


def test_repeated_wrong_passwords_lock_the_account(client: Client) -> None:
    UserFactory.create(email="a@example.org", password=PASSWORD)
    for _ in range(8):
        client.post("/accounts/login/", {"login": "a@example.org", "password": "wrong"})
    answer = client.post("/accounts/login/", {"login": "a@example.org", "password": PASSWORD})
    assert answer.status_code in {403, 429}


def test_commands_make_people_and_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST_PASSWORD", PASSWORD)
    out = StringIO()
    call_command(
        "create_user", "c@example.org", "--role", "admin", "--password-env", "FIRST_PASSWORD", "--json", stdout=out
    )
    assert json.loads(out.getvalue())["roles"] == ["admin"]
    out = StringIO()
    call_command("create_token", "c@example.org", "--scope", "runs", "--days", "3", "--json", stdout=out)
    token = json.loads(out.getvalue())["token"]
    assert usable_token(token, now=User.objects.get().joined_at) is not None


@pytest.mark.parametrize(
    "arguments",
    [
        ("create_user", "c@example.org", "--password-env", "NOT_SET"),
        ("create_user", "nonsense"),
        ("create_token", "nobody@example.org", "--scope", "read"),
    ],
)
def test_commands_say_what_is_wrong(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command(*arguments)


def test_the_back_office_shows_and_writes_nothing(client: Client) -> None:
    client.force_login(user_with(Role.OPERATIONS))
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/people/user/").status_code == 200
    assert client.get("/admin/people/user/add/").status_code == 403
    client.force_login(user_with(Role.RESEARCHER))
    assert client.get("/admin/", follow=False).status_code == 302
