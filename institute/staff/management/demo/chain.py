"""The chain itself: a job is submitted, trains, and becomes a reviewed model and a paper."""

import time
from collections.abc import Callable
from typing import Any

from institute.staff.management.demo.client import Caller, DemoFailed
from institute.staff.management.demo.seed import CITE, Seeded

Say = Callable[[str], None]
LONGEST_S = 600
MODEL = "tiny-python"
INPUTS = {"dataset": "", "licence": "apache-2.0", "wall_limit_minutes": 15, "preset": "demo"}


def train(people: dict[str, Caller], seeded: Seeded, say: Say) -> dict[str, Any]:
    """Submit the job as a member of the project and follow it to its end."""
    member = people["mateo"]
    ask = {"recipe": "pretrain_lm", "allocation": seeded.allocation, "name": MODEL, "inputs": INPUTS}
    quote = member.post("jobs/quote", ask)
    if not quote["is_possible"]:
        raise DemoFailed(f"The job is refused: {quote['refusals']}")
    payers = ", ".join(f"{part['title']} of {part['donor']}" for part in quote["parts"])
    say(f"{member.name} submits {MODEL}: {quote['hold_seconds']} host-seconds are held, paid by {payers}")
    job = member.post("jobs", ask)
    say(f"follow it at {member.http.base_url}/jobs/{job['id']}".replace("//jobs", "/jobs"))
    return _follow(member, job["id"], say)


def _follow(member: Caller, job_id: str, say: Say) -> dict[str, Any]:
    told, deadline = "", time.monotonic() + LONGEST_S
    while time.monotonic() < deadline:
        job: dict[str, Any] = member.get(f"jobs/{job_id}")
        line = f"job {job['status']}: {job['sentence']}" + _loss(member, job_id)
        if line != told:
            say(line)
            told = line
        if job["status"] == "succeeded":
            return job
        if job["status"] in {"failed", "cancelled"}:
            log = member.get(f"jobs/{job_id}/log")
            raise DemoFailed(f"The job ended as {job['status']}: {job['reason']}\n{log['text'][-3000:]}")
        time.sleep(2)
    raise DemoFailed(f"The job did not end within {LONGEST_S} s.")


def _loss(member: Caller, job_id: str) -> str:
    """The last loss that the tracker knows, as the end of a line."""
    runs = member.get("runs", job=job_id)["results"]
    summary = runs[0].get("summary", {}) if runs else {}
    loss = summary.get("loss")
    return f" · step {summary.get('_step')}, loss {loss:.3f}" if isinstance(loss, int | float) else ""


__all__ = ["CITE", "train"]
