"""Accounts, roles, tokens and handles."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from institute.core.actors import Actor, ActorKind
from institute.core.errors import Conflict, Refused
from institute.core.models import AuditEntry
from institute.people import actions, queries, rules
from institute.people.enums import HandleKind, Role, Scope
from institute.people.events import RoleEnded, RoleGranted
from institute.people.models import ApiToken, User
from institute.people.tokens import TOKEN_FORM, mask, new_token
from tests.factories.outbox import overheard
from tests.factories.people import PASSWORD, TESTER, UserFactory, user_with

pytestmark = pytest.mark.django_db


def person(**fields: object) -> User:
    defaults = {"email": "Ada@Example.org", "name": "Ada", "password": PASSWORD, "by": TESTER}
    return actions.create_user(**(defaults | fields))  # type: ignore[arg-type]  # the test's own table


def test_a_person_signs_in_with_an_address_in_any_case(client: Client) -> None:
    person(handle="ada")
    assert User.objects.get_by_natural_key("ADA@example.ORG").check_password(PASSWORD)
    answer = client.post("/accounts/login/", {"login": "ada@example.org", "password": PASSWORD})
    assert answer.status_code == 302


def test_a_person_without_password_cannot_sign_in_by_one() -> None:
    assert not person(password=None).has_usable_password()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": "nonsense"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "1234567890"}, "password"),
        ({"language": "de"}, "language"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"handle": "admin"}, "handle"),
        ({"handle": "no/slash"}, "handle"),
    ],
)
def test_a_bad_account_is_refused_and_nothing_is_written(fields: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as refusal:
        person(**fields)
    assert refusal.value.field == field
    assert not User.objects.exists()


def test_an_address_and_a_handle_belong_to_one_person() -> None:
    person(handle="ada")
    with pytest.raises(Conflict, match="e-mail"):
        person(email="ada@example.org")
    with pytest.raises(Conflict, match="taken"):
        person(email="other@example.org", handle="ADA")


def test_a_profile_is_changed_within_what_is_known() -> None:
    user = actions.change_profile(user=person(), name="A. L.", language="fr", time_zone="Europe/Paris", by=TESTER)
    assert (user.name, user.language) == ("A. L.", "fr")
    with pytest.raises(Refused):
        actions.change_profile(user=user, name="x", language="fr", time_zone="nowhere", by=TESTER)


def test_a_closed_account_opens_nothing() -> None:
    user = person()
    _, token = make_token(user)
    with pytest.raises(Refused):
        actions.deactivate_user(user=user, by=TESTER, reason=" ")
    actions.deactivate_user(user=user, by=TESTER, reason="left")
    assert queries.usable_token(token, now=timezone.now()) is None


def test_a_role_is_held_from_its_grant_to_its_end() -> None:
    user = person()
    grant = actions.grant_role(user=user, role=Role.OPERATIONS, by=TESTER)
    assert actions.grant_role(user=user, role=Role.OPERATIONS, by=TESTER) == grant
    assert user.has_role(Role.OPERATIONS)
    assert list(queries.users_with_role(Role.OPERATIONS, now=timezone.now())) == [user]
    with pytest.raises(Refused, match="reason"):
        actions.end_role(user=user, role=Role.OPERATIONS, by=TESTER, reason="")
    actions.end_role(user=user, role=Role.OPERATIONS, by=TESTER, reason="moved on")
    assert not user.has_role(Role.OPERATIONS)
    with pytest.raises(Conflict):
        actions.end_role(user=user, role=Role.OPERATIONS, by=TESTER, reason="again")


def test_the_last_administrator_stays() -> None:
    user = user_with(Role.ADMIN)
    with pytest.raises(Refused, match="last administrator"):
        actions.end_role(user=user, role=Role.ADMIN, by=TESTER, reason="x")
    user_with(Role.ADMIN)
    actions.end_role(user=user, role=Role.ADMIN, by=TESTER, reason="x")


def test_an_administrator_who_cannot_sign_in_does_not_count() -> None:
    left, last = user_with(Role.ADMIN), user_with(Role.ADMIN)
    actions.deactivate_user(user=left, by=TESTER, reason="left")
    with pytest.raises(Refused, match="last administrator"):
        actions.end_role(user=last, role=Role.ADMIN, by=TESTER, reason="x")
    with pytest.raises(Refused, match="last administrator"):
        actions.deactivate_user(user=last, by=TESTER, reason="x")
    last.refresh_from_db()
    assert last.is_active and last.has_role(Role.ADMIN)
    actions.end_role(user=left, role=Role.ADMIN, by=TESTER, reason="tidy")


def test_roles_and_accounts_leave_their_trace_and_tell_later_apps() -> None:
    user = person()
    with overheard(RoleGranted, RoleEnded) as told:
        actions.grant_role(user=user, role=Role.FINANCE, by=TESTER)
        actions.grant_role(user=user, role=Role.FINANCE, by=TESTER)
        actions.end_role(user=user, role=Role.FINANCE, by=TESTER, reason="moved on")
    assert told == [RoleGranted(user.public_id, "finance"), RoleEnded(user.public_id, "finance")]
    actions.change_profile(user=user, name="A", language="en", time_zone="UTC", by=TESTER)
    actions.deactivate_user(user=user, by=TESTER, reason="left")
    entries = AuditEntry.objects.filter(subject_id=user.public_id).order_by("id").values_list("action", "details")
    assert list(entries) == [
        ("user.create", {}),
        ("role.grant", {"role": "finance"}),
        ("role.end", {"role": "finance", "reason": "moved on"}),
        ("user.change_profile", {}),
        ("user.deactivate", {"reason": "left"}),
    ]


def make_token(user: User, **fields: object) -> tuple[ApiToken, str]:
    defaults = {"name": "laptop", "scopes": [Scope.READ], "expires_at": timezone.now() + timedelta(days=1)}
    return actions.create_token(user=user, by=TESTER, **(defaults | fields))  # type: ignore[arg-type]  # as above


def test_a_token_is_stored_only_as_its_fingerprint() -> None:
    row, token = make_token(UserFactory.create())
    assert TOKEN_FORM.fullmatch(token)
    assert token.partition("-")[2] not in str(vars(row))
    assert queries.usable_token(token, now=timezone.now()) == row


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"scopes": []},
        {"scopes": [Scope.JOB]},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"expires_at": timezone.now() + timedelta(days=400)},
    ],
)
def test_a_bad_token_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(Refused):
        make_token(UserFactory.create(), **fields)


def test_expired_revoked_and_malformed_tokens_open_nothing() -> None:
    row, token = make_token(UserFactory.create())
    assert queries.usable_token(token, now=row.expires_at) is None
    actions.revoke_token(token=row, by=TESTER)
    first = actions.revoke_token(token=row, by=TESTER).revoked_at
    assert first is not None
    assert queries.usable_token(token, now=timezone.now()) is None
    assert queries.usable_token("nonsense", now=timezone.now()) is None
    assert queries.usable_token(new_token("hw"), now=timezone.now()) is None


def test_a_job_token_acts_as_the_job_and_ends_with_it() -> None:
    expires = timezone.now() + timedelta(days=9)
    _, token = actions.issue_job_token(job_id="J" * 26, name="attempt 1", expires_at=expires, by=TESTER)
    assert queries.usable_token(token, now=timezone.now()) is not None
    assert actions.revoke_job_tokens(job_id="J" * 26, by=TESTER, reason="ended") == 1
    assert actions.revoke_job_tokens(job_id="J" * 26, by=TESTER, reason="ended") == 0
    assert queries.usable_token(token, now=timezone.now()) is None


def test_token_prefixes_hold_no_dash_and_masks_hide_the_rest() -> None:
    token = new_token("my-job")
    assert token.startswith("myjob-")
    assert mask(f"key={token}") == "key=myjob-…"
    assert new_token("-").startswith("hw-")


def test_handles_are_found_by_owner_and_name() -> None:
    user = person(handle="ada")
    found = queries.handle_of(user.public_id)
    assert found is not None
    assert found == queries.handle_named("ADA")
    assert actions.claim_handle(name="Mirror", kind=HandleKind.MIRROR, owner_id="", by=TESTER).name == "Mirror"


def test_the_person_behind_an_act_is_found() -> None:
    user = UserFactory.create()
    assert queries.user_behind(user.actor) == user
    assert queries.user_behind(Actor(ActorKind.TOKEN, "T", user.public_id)) == user
    assert queries.user_behind(TESTER) is None


def _segments(patterns: list[URLPattern | URLResolver]) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        text = str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver) and text in {"", "en/", "fr/"}:
            found |= _segments(pattern.url_patterns)
        elif text and not text.startswith("<"):
            found.add(text.split("/")[0].split("<")[0].rstrip("$"))
    return found


def test_no_first_segment_of_an_address_can_become_a_handle() -> None:
    free = {name for name in _segments(get_resolver().url_patterns) if name and not rules.is_reserved(name)}
    assert free == set()
