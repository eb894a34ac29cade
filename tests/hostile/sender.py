"""Sends what no honest client sends, and notes every answer that is none and every trace that a refusal leaves."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from django.db import transaction

from institute.core.models import AuditEntry
from institute.people.models import ApiToken
from tests.factories.tracking import job_key
from tests.hostile.operations import Operation, named, operations
from tests.hostile.traces import changed_by
from tests.permissions.addresses import address
from tests.permissions.standing import Standing


class Sender:
    """Sends requests as one person (or with a job's own token), notes what is wrong, keeps what a 4xx wrote."""

    def __init__(self, standing: Standing, person: str = "admin") -> None:
        self.standing, self.person = standing, person
        self.wrong: list[str] = []
        self._job_key = job_key(standing.world.done.waiting)
        ApiToken.objects.update(last_used_on=date.today())
        self._acts = AuditEntry.objects.count()

    def headers(self, name: str) -> dict[str, str]:
        """The job's token where a supervisor is expected, or the tracker's client."""
        if name.startswith("tracker:"):
            return {"Authorization": f"Bearer {self._job_key}"}
        return {"Authorization": f"Bearer {self._job_key}", "X-Fence": "1"} if name.startswith("api:attempt-") else {}

    def send(self, what: str, method: str, path: str, *, name: str = "", **request: Any) -> int:
        """The status; what succeeded is rolled back, what was refused stays to be seen by `changed_by`."""
        headers = self.headers(name) | request.pop("headers", {})
        with transaction.atomic():
            response = self.standing.client(self.person, headers=headers).generic(method.upper(), path, **request)
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

    def refused(self, what: str, status: int, wanted: range | set[int] = range(400, 500)) -> None:
        """Note an answer that accepts what nothing may accept."""
        if status not in wanted:
            self.wrong.append(f"{what}: {status}")


def require_clean(standing: Standing, act: Callable[[Sender], None], person: str = "admin") -> None:
    """Fails with everything that was wrong while `act` ran, one thing a line, traces in the database included."""
    sender = Sender(standing, person)
    traces = changed_by(lambda: act(sender))
    wrong = [*sender.wrong, *(f"rows of {table} changed" for table in traces)]
    assert not wrong, "\n" + "\n".join(wrong)


def targets(standing: Standing) -> Iterator[tuple[Operation, str, str]]:
    """(operation, URL name, address) of every writing operation of the OpenAPI file."""
    for operation in operations():
        name = named(operation.path)
        yield operation, name, address(name, standing.world)


def share(values: Sequence[Any], step: int, start: int) -> Sequence[Any]:
    """Every `step`th of the values, other ones for each `start`: together the starts send all of them."""
    return values[start % step :: step]
