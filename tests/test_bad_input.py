"""Bad input gets a clear 4xx, never a 500, and leaves nothing behind.

Every writing operation of the OpenAPI file, every form of the pages and every list are sent values and bodies that
no honest client sends, by an administrator, so that no missing permission hides a defect. Each test sends a share of
them in every run, and all of them in `make soak`.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.values import BODIES, HEADERS, IDS, NUL, OVERSIZED, QUERIES, TEXTS, VALUES
from tests.permissions.table import addresses

pytestmark = pytest.mark.slow


def some_or_all(step: int) -> pytest.MarkDecorator:
    """Every `step`th value in an ordinary run, other ones in each place; all of them in the long one."""
    all_of_them = pytest.param(1, id="all", marks=pytest.mark.soak)
    return pytest.mark.parametrize("step", [pytest.param(step, id="some"), all_of_them])


@pytest.fixture(scope="module")
def institute(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """The small institute and its people's sessions, built once."""
    from tests.permissions.standing import standing_institute  # needs the settings

    with standing_institute(django_db_blocker) as standing:
        yield standing


@some_or_all(6)
def test_bodies_that_are_none_are_refused(institute: Any, step: int) -> None:
    from tests.hostile.sender import Sender, require_clean, share, targets  # needs the settings

    def act(sender: Sender) -> None:
        taking = [found for found in targets(institute) if found[0].properties is not None]
        for number, (operation, name, path) in enumerate(taking):
            for what, kind, data in BODIES if number == 0 else share(BODIES, step, number):
                said = f"{operation} {what}"
                sender.send(said, operation.method, path, name=name, data=data, content_type=kind)

    require_clean(institute, act)


@some_or_all(3)
def test_bodies_beyond_the_limit_are_too_large(institute: Any, step: int) -> None:
    from tests.hostile.sender import Sender, require_clean, share, targets  # needs the settings

    def act(sender: Sender) -> None:
        body = '{"reason": "' + "x" * OVERSIZED + '"}'
        taking = [found for found in targets(institute) if found[0].properties is not None]
        for operation, name, path in share(taking, step, 0):
            status = sender.send(
                str(operation), operation.method, path, name=name, data=body, content_type="application/json"
            )
            sender.refused(f"{operation} too much", status, {413})

    require_clean(institute, act)


@some_or_all(12)
def test_bodies_that_are_none_are_refused_by_the_tracker(institute: Any, step: int) -> None:
    """GraphQL answers 200 with errors, as its protocol wants."""
    from tests.hostile.sender import Sender, require_clean, share  # needs the settings
    from tests.permissions.addresses import address  # needs the settings

    def act(sender: Sender) -> None:
        names = [name for name, _pattern in addresses() if name.startswith("tracker:")]
        for number, name in enumerate(names):
            for what, kind, data in share(BODIES, step, number):
                path = address(name, institute.world)
                sender.send(f"{name} {what}", "post", path, name=name, data=data, content_type=kind)

    require_clean(institute, act)


@some_or_all(24)
def test_wrong_values_in_every_field_of_the_api_are_refused(institute: Any, step: int) -> None:
    from tests.hostile.operations import body_of  # needs the settings
    from tests.hostile.sender import Sender, require_clean, share, targets  # needs the settings

    def act(sender: Sender) -> None:
        number = 0
        for operation, name, path in targets(institute):
            good = body_of(operation, institute.world)
            for field in operation.properties or ():
                number += 1
                for value in share([*VALUES, ...], step, number):
                    body = {key: given for key, given in (good | {field: value}).items() if given is not ...}
                    what = f"{operation} {field}={value!r:.40}"
                    sender.send_json(what, operation.method, path, body, name)

    require_clean(institute, act)


ANY_JSON = st.recursive(
    st.sampled_from(VALUES) | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def random_json(institute: Any, data: st.DataObject) -> None:
    """One operation with a body that has no sense."""
    from tests.hostile.sender import Sender, targets  # needs the settings

    operation, name, path = data.draw(st.sampled_from(list(targets(institute))), label="operation")
    fields = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(operation.properties or (), ANY_JSON)))
    sender = Sender(institute)
    sender.send_json(str(operation), operation.method, path, fields, name)
    assert sender.wrong == []


UNHURRIED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@UNHURRIED
@given(data=st.data())
def test_random_json_is_refused(institute: Any, data: st.DataObject) -> None:
    random_json(institute, data)


@pytest.mark.soak
@settings(UNHURRIED, derandomize=False, max_examples=2_000)
@given(data=st.data())
def test_much_random_json_is_refused(institute: Any, data: st.DataObject) -> None:
    random_json(institute, data)


@some_or_all(len(QUERIES))
def test_nonsense_in_the_query_of_every_address_is_refused(institute: Any, step: int) -> None:
    from tests.hostile.sender import Sender, require_clean, share  # needs the settings
    from tests.permissions.addresses import address  # needs the settings

    def act(sender: Sender) -> None:
        for number, (name, _pattern) in enumerate(addresses()):
            if "live" in name:
                continue  # an endless stream, whatever the query
            for query in share(QUERIES, min(step, 3) if name.endswith("-list") else step, number):
                sender.send(f"{name}?{query:.60}", "get", f"{address(name, institute.world)}?{query}", name=name)

    require_clean(institute, act)


@some_or_all(2 * len(IDS))
def test_names_that_nothing_has_are_not_found(institute: Any, step: int) -> None:
    from tests.hostile.sender import Sender, require_clean, share  # needs the settings
    from tests.permissions.addresses import address, arguments  # needs the settings

    def act(sender: Sender) -> None:
        number = 0
        for name, _pattern in addresses():
            for value in arguments(name, institute.world).values():
                path = address(name, institute.world)
                number += 1
                for method, wrong in share([(m, i) for i in IDS for m in ("get", "post")], step, number):
                    bad = path.replace(str(value), wrong, 1)
                    sender.send(f"{method} {bad:.80}", method, bad, name=name)

    require_clean(institute, act)


@some_or_all(4 * len(HEADERS))
def test_nonsense_in_the_headers_is_refused(institute: Any, step: int) -> None:
    from tests.hostile.sender import Sender, require_clean, share  # needs the settings
    from tests.permissions.addresses import address  # needs the settings

    def act(sender: Sender) -> None:
        for number, (name, _pattern) in enumerate(addresses()):
            if "live" in name:
                continue  # an endless stream, whatever the headers
            for method, headers in share([(m, h) for h in HEADERS for m in ("get", "post")], step, 7 * number):
                what, path = f"{method} {name} {headers!s:.60}", address(name, institute.world)
                sender.send(what, method, path, name=name, headers=headers)

    require_clean(institute, act)


# Forms that a NUL in every field need not be refused by, and why. Besides: a form without fields takes no input, and
# the sign-in pages are allauth's, which shows a refused form with 200, as Django's forms are by themselves.
TAKES_ANYTHING = {
    "ui:style": "shows the furniture and takes nothing",
}


@some_or_all(2)
@pytest.mark.parametrize("person", ["admin", "anonymous"])
def test_nonsense_in_every_form_is_refused(institute: Any, person: str, step: int) -> None:
    from tests.hostile.forms import encoded, forms_of  # needs the settings
    from tests.hostile.sender import Sender, require_clean, share  # needs the settings

    def act(sender: Sender) -> None:
        for number, (name, form) in enumerate(sorted(forms_of(institute, person).items())):
            nul = encoded(dict.fromkeys(form.values, NUL))
            status = sender.send(f"{name} NUL", "post", form.action, **nul, name=name)
            if ":" in name and form.values and name not in TAKES_ANYTHING:
                sender.refused(f"{name} NUL in every field", status)
            wrong = [(field, value) for field in form.values or ["reason"] for value in TEXTS]
            for field, value in share(wrong, len(wrong) if step > 1 else 1, 7 * number):
                what = f"{name} {field}={value!r:.30}"
                sender.send(what, "post", form.action, **encoded(form.values | {field: value}), name=name)

    require_clean(institute, act, person)


@some_or_all(8)
def test_forms_that_are_none_are_refused(institute: Any, step: int) -> None:
    from tests.hostile.forms import encoded, forms_of  # needs the settings
    from tests.hostile.sender import Sender, require_clean, share  # needs the settings

    def act(sender: Sender) -> None:
        kind, data = "multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name="
        too_much = encoded({"reason": "x" * OVERSIZED})
        for name, form in share(sorted(forms_of(institute, "admin").items()), step, 0):
            sender.send(f"{name} half a multipart", "post", form.action, name=name, content_type=kind, data=data)
            sender.send(f"{name} too much", "post", form.action, name=name, **too_much)

    require_clean(institute, act)


@some_or_all(5)
def test_tokens_that_are_no_longer_good_open_nothing(institute: Any, step: int) -> None:
    from institute.people.actions import revoke_token  # needs the settings
    from institute.people.models import ApiToken  # needs the settings
    from tests.factories.people import TESTER  # needs the settings
    from tests.factories.tracking import job_key, person_key  # needs the settings
    from tests.hostile.sender import Sender, require_clean, share, targets  # needs the settings

    admin = institute.world.people["admin"]
    with transaction.atomic():
        expired = person_key(admin, "write")
        ApiToken.objects.filter(user=admin).update(expires_at=timezone.now() - timedelta(seconds=1))
        revoked = person_key(admin, "write")
        revoke_token(token=ApiToken.objects.latest("pk"), by=TESTER)
        foreign = job_key(institute.world.done.finished)
        bad = {expired: {401}, revoked: {401}, "hw-nothing": {401}, "": {401}, foreign: {403, 404}}

        def act(sender: Sender) -> None:
            for number, (operation, name, path) in enumerate(targets(institute)):
                for token, wanted in share(list(bad.items()), step, number):
                    sender.headers = lambda _name, token=token: {"Authorization": f"Bearer {token}"}  # type: ignore[method-assign]
                    status = sender.send_json(str(operation), operation.method, path, {}, name)
                    sender.refused(f"{operation} with {token:.12}", status, wanted)

        require_clean(institute, act, "anonymous")
        transaction.set_rollback(True)


def test_what_belongs_to_others_is_not_written_to(institute: Any) -> None:
    """A researcher of no project sends what an administrator could send."""
    from tests.hostile.operations import body_of  # needs the settings
    from tests.hostile.sender import Sender, require_clean, targets  # needs the settings

    own = {"POST /api/v1/tokens", "POST /api/v1/tokens/{public_id}/revoke"}

    def act(sender: Sender) -> None:
        sender.headers = lambda _name: {}  # type: ignore[method-assign]
        for operation, name, path in targets(institute):
            body = body_of(operation, institute.world)
            status = sender.send_json(str(operation), operation.method, path, body, name)
            if str(operation) not in own:
                sender.refused(str(operation), status, {400, 401, 403, 404, 415, 422})

    require_clean(institute, act, "researcher")
