"""Runs for tests, made through the actions that the protocol calls."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from compute.jobs.models import Job
from compute.tracking.actions.ingest import Receipt, ingest_post
from compute.tracking.actions.lifecycle import begin_run, ensure_run_of_job, ensure_run_of_person
from compute.tracking.models import Run
from compute.tracking.rules.posts import parse_post
from institute.people.actions import create_token, issue_job_token
from institute.people.enums import Scope
from institute.people.models import User
from tests.factories.jobs import submitted_job
from tests.factories.people import TESTER, UserFactory

START = 1_790_000_000.0


def run_of_new_job(**values: Any) -> Run:
    """The pending run of a job that was just submitted."""
    return ensure_run_of_job(job=submitted_job(**values), by=TESTER)


def run_of(user: User | None = None, *, name: str = "r1", project: str = "notes") -> Run:
    """A person's own run, pending."""
    return ensure_run_of_person(user=user or UserFactory.create(), project=project, name=name, by=TESTER)


def begun(run: Run, now: datetime | None = None, **values: Any) -> Run:
    """The run after a process called `init`."""
    return begin_run(run=run, values=values, by=TESTER, now=now)


def job_key(job: Job, *, lives: timedelta = timedelta(hours=1)) -> str:
    """A key of the job's own."""
    return issue_job_token(job_id=job.public_id, name="attempt 1", expires_at=timezone.now() + lives, by=TESTER)[1]


def person_key(user: User, *scopes: Scope, lives: timedelta = timedelta(hours=1)) -> str:
    """A key of the person's own, for runs unless told otherwise."""
    expires_at = timezone.now() + lives
    return create_token(user=user, name="laptop", scopes=scopes or [Scope.RUNS], expires_at=expires_at, by=user.actor)[
        1
    ]


def line(step: int | None, **values: Any) -> str:
    """A line of history as the SDK writes it, a second after the one before."""
    times = {"_timestamp": START + (step or 0), "_runtime": float(step or 0)}
    return json.dumps({**values, **times, **({} if step is None else {"_step": step})})


def lines(first: int, count: int, **values: Any) -> list[str]:
    """Consecutive lines with a falling loss."""
    return [line(step, loss=1 / (step + 1), **values) for step in range(first, first + count)]


def history(content: list[str], offset: int = 0, **rest: Any) -> dict[str, Any]:
    """The body of a post that carries lines of history."""
    return {"files": {"wandb-history.jsonl": {"offset": offset, "content": content}}, **rest}


def events(content: list[str], offset: int = 0) -> dict[str, Any]:
    """The body of a post that carries system metrics."""
    return {"files": {"wandb-events.jsonl": {"offset": offset, "content": content}}}


def output(content: list[str], offset: int = 0) -> dict[str, Any]:
    """The body of a post that carries console lines."""
    return {"files": {"output.log": {"offset": offset, "content": content}}}


def posted(run: Run, body: dict[str, Any], *, client_id: str = "", now: datetime | None = None) -> Receipt:
    """The run took this post."""
    return ingest_post(run=run, post=parse_post(body), by=TESTER, client_id=client_id, now=now)
