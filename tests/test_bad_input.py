"""Bad input gets a clear 4xx, never a 500, and leaves nothing behind.

Every writing operation of the OpenAPI file, every form of the pages and every list are sent values and bodies that
no honest client sends, by an administrator, so that no missing permission hides a defect.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from institute.core.models import AuditEntry
from institute.people.models import ApiToken
from tests.hostile.values import BODIES, FOREIGN, NUL, OVERSIZED, TEXTS, VALUES
from tests.permissions.table import addresses

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def institute(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """The small institute and its people's sessions, built once."""
    from tests.permissions.standing import standing_institute  # needs the settings

    with standing_institute(django_db_blocker) as standing:
        yield standing


class Sender:
    """Sends requests as an administrator (or with a job's own token), notes what is wrong, keeps what a 4xx wrote."""

    def __init__(self, standing: Any) -> None:
        from tests.factories.tracking import job_key  # needs the settings

        self.standing = standing
        self.wrong: list[str] = []
        self._job_key = job_key(standing.world.done.waiting)
        ApiToken.objects.update(last_used_on=date.today())
        self._acts = AuditEntry.objects.count()

    def headers(self, name: str) -> dict[str, str]:
        """The job's token where a supervisor is expected."""
        return {"Authorization": f"Bearer {self._job_key}", "X-Fence": "1"} if name.startswith("api:attempt-") else {}

    def send(self, what: str, method: str, path: str, *, name: str = "", **request: Any) -> int:
        """The status; what succeeded is rolled back, what was refused stays to be seen by `traces`."""
        with transaction.atomic():
            client = self.standing.client("admin", headers=self.headers(name))
            response = client.generic(method.upper(), path, **request)
            if response.streaming and not response.is_async:
                list(response.streaming_content)
            if response.status_code < 400 or response.status_code >= 500:
                transaction.set_rollback(True)
            elif AuditEntry.objects.count() != self._acts:
                self.wrong.append(f"{what}: {response.status_code}, but something was done")
                transaction.set_rollback(True)
        status = int(response.status_code)
        if status >= 500:
            self.wrong.append(f"{what}: {status}")
        elif status >= 400 and path.startswith("/api/v1/"):
            self._check_problem(what, response)
        return status

    def _check_problem(self, what: str, response: Any) -> None:
        kind = response.headers.get("Content-Type", "")
        if kind != "application/problem+json" or response.json()["status"] != response.status_code:
            self.wrong.append(f"{what}: {response.status_code} is {kind or 'without a type'}, no problem+json")

    def send_json(self, what: str, method: str, path: str, body: Any, name: str) -> int:
        """The body as JSON."""
        data = json.dumps(body)
        return self.send(what, method, path, name=name, data=data, content_type="application/json")


def sent(standing: Any, act: Any) -> list[str]:
    """What was wrong while `act(sender)` ran, traces in the database included."""
    from tests.hostile.traces import changed_by  # needs the settings

    sender = Sender(standing)
    traces = changed_by(lambda: act(sender))
    return [*sender.wrong, *(f"rows of {table} changed" for table in traces)]


def require_clean(standing: Any, act: Any) -> None:
    """Fails with everything that was wrong, one thing a line."""
    wrong = sent(standing, act)
    assert not wrong, "\n" + "\n".join(wrong)


def _paths(standing: Any) -> list[tuple[Any, str, str]]:
    from tests.hostile.operations import named, operations  # needs the settings
    from tests.permissions.addresses import address  # needs the settings

    found = [(operation, named(operation.path)) for operation in operations()]
    return [(operation, name, address(name, standing.world)) for operation, name in found]


def every(values: Sequence[Any], step: int, start: int) -> Sequence[Any]:
    """A share of the values that is another one for each `start`: together the starts send all of them."""
    return values[start % step :: step]


def test_bodies_that_are_none_are_refused(institute: Any) -> None:
    def act(sender: Sender) -> None:
        taking = [found for found in _paths(institute) if found[0].properties is not None]
        for number, (operation, name, path) in enumerate(taking):
            for what, kind, data in BODIES if number == 0 else every(BODIES, 6, number):
                said = f"{operation} {what}"
                sender.send(said, operation.method, path, name=name, data=data, content_type=kind)

    require_clean(institute, act)


@pytest.mark.soak
def test_wrong_values_in_every_field_of_the_api_are_refused(institute: Any) -> None:
    from tests.hostile.operations import body_of  # needs the settings

    def act(sender: Sender) -> None:
        number = 0
        for operation, name, path in _paths(institute):
            good = body_of(operation, institute.world)
            for field in operation.properties or ():
                number += 1
                for value in every(VALUES, 12, number):
                    what = f"{operation} {field}={value!r:.40}"
                    sender.send_json(what, operation.method, path, good | {field: value}, name)
                less = {key: value for key, value in good.items() if key != field}
                sender.send_json(f"{operation} without {field}", operation.method, path, less, name)

    require_clean(institute, act)


ANY_JSON = st.recursive(
    st.sampled_from(VALUES) | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.soak
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_random_json_is_refused(institute: Any, data: st.DataObject) -> None:
    operation, name, path = data.draw(st.sampled_from(_paths(institute)), label="operation")
    fields = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(operation.properties or (), ANY_JSON)))
    sender = Sender(institute)
    sender.send_json(str(operation), operation.method, path, fields, name)
    assert sender.wrong == []


QUERIES = (
    "q=%00&status=%00&cursor=%00&sort=%00",
    "cursor=garbage&limit=-1&page=-1&sort=nothing&after=garbage&before=garbage",
    "limit=99999999999999999999&offset=-5&attempt=99999999999999999999",
    f"q={'x' * 5000}&status={FOREIGN}&project=nobody&recipe=none&donor={FOREIGN}&licence=none",
    "q=%ff%fe&cursor=%ff&format=csv&status[]=a&sort=-",
    "after=bzE9MCZwPTEwMDAwMDAwMDAwMDAwMDAwMDAwMA%3D%3D&cursor=cD0yMDI2JTAw",
    "keys=%5B%5D&x=NaN&points=-1&points=1e9&from=0&to=-1",
)


def test_nonsense_in_the_query_of_every_address_is_refused(institute: Any) -> None:
    from tests.permissions.addresses import address  # needs the settings

    def act(sender: Sender) -> None:
        for number, (name, _pattern) in enumerate(addresses()):
            if "live" in name:
                continue  # an endless stream, whatever the query
            for query in every(QUERIES, 3 if name.endswith("-list") else len(QUERIES), number):
                sender.send(f"{name}?{query:.60}", "get", f"{address(name, institute.world)}?{query}", name=name)

    require_clean(institute, act)


IDS = ("%00", "a%00b", "x" * 300, "%F0%9F%A6%A3", "..", "-1", "1e9", FOREIGN.lower(), "%ff%fe", "' OR 1=1")


@pytest.mark.soak
def test_names_that_nothing_has_are_not_found(institute: Any) -> None:
    from tests.permissions.addresses import address, arguments  # needs the settings

    def act(sender: Sender) -> None:
        for number, (name, _pattern) in enumerate(addresses()):
            for value in arguments(name, institute.world).values():
                path = address(name, institute.world)
                for wrong in every(IDS, len(IDS), number):
                    bad = path.replace(str(value), wrong, 1)
                    for method in ("get", "post"):
                        sender.send(f"{method} {bad:.80}", method, bad, name=name)

    require_clean(institute, act)


class Fields(HTMLParser):
    """The names of what can be typed into a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a field."""
        name = dict(attrs).get("name")
        if tag in {"input", "select", "textarea"} and name and name != "csrfmiddlewaretoken":
            self.names.append(name)


def _forms(standing: Any) -> Iterator[tuple[str, str, list[str]]]:
    """(name, address, fields) of every page of ours that an administrator may post to."""
    from tests.permissions.addresses import address  # needs the settings

    for name, pattern in addresses():
        if hasattr(pattern.callback, "cls") or "live" in name or name.startswith(("tracker:", "mfa_", "social")):
            continue
        path, fields = address(name, standing.world), Fields()
        with transaction.atomic():
            page = standing.client("admin").get(path)
            if not page.streaming and page.headers.get("Content-Type", "").startswith("text/html"):
                fields.feed(page.text)
            transaction.set_rollback(True)
        yield name, path, fields.names or ["reason"]


@pytest.mark.soak
def test_nonsense_in_every_form_is_refused(institute: Any) -> None:
    def act(sender: Sender) -> None:
        for number, (name, path, fields) in enumerate(_forms(institute)):
            for value in (NUL, *every(TEXTS, 8, number)):
                sender.send(f"{name} {value!r:.30}", "post", path, **_form(dict.fromkeys(fields, value)))
            kind, data = "multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name="
            sender.send(f"{name} half a multipart", "post", path, content_type=kind, data=data)
        name, path, fields = next(_forms(institute))
        sender.send(f"{name} too much", "post", path, **_form({fields[0]: "x" * OVERSIZED}))

    require_clean(institute, act)


def _form(values: dict[str, str]) -> dict[str, Any]:
    return {"data": urlencode(values, errors="replace"), "content_type": "application/x-www-form-urlencoded"}


@pytest.mark.soak
def test_tokens_that_are_no_longer_good_open_nothing(institute: Any) -> None:
    from institute.people.actions import revoke_token  # needs the settings
    from tests.factories.people import TESTER  # needs the settings
    from tests.factories.tracking import job_key, person_key  # needs the settings

    admin = institute.world.people["admin"]
    with transaction.atomic():
        expired = person_key(admin, "write")
        ApiToken.objects.filter(user=admin).update(expires_at=timezone.now() - timedelta(seconds=1))
        revoked = person_key(admin, "write")
        revoke_token(token=ApiToken.objects.latest("pk"), by=TESTER)
        foreign = job_key(institute.world.done.finished)
        bad = {expired: {401}, revoked: {401}, "hw-nothing": {401}, "": {401}, foreign: {403, 404}}

        def act(sender: Sender) -> None:
            for number, (operation, name, path) in enumerate(_paths(institute)):
                token, wanted = every(list(bad.items()), len(bad), number)[0]
                sender.headers = lambda _name, token=token: {"Authorization": f"Bearer {token}"}  # type: ignore[method-assign]
                status = sender.send_json(str(operation), operation.method, path, {}, name)
                if status not in wanted:
                    sender.wrong.append(f"{operation} with {token:.12}: {status}")

        require_clean(institute, act)
        transaction.set_rollback(True)
