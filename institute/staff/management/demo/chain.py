"""The chain itself: a job is submitted, trains, and becomes a reviewed model and a paper."""

import time
from collections.abc import Callable
from typing import Any

from institute.staff.management.demo.client import Caller, DemoFailed
from institute.staff.management.demo.seed import Seeded

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
    runs = [run for run in member.get("runs")["results"] if run["job"] == job_id]
    summary = member.get(f"runs/{runs[0]['id']}")["summary"] if runs else {}
    loss = summary.get("loss")
    return f" · step {summary.get('_step')}, loss {loss:.3f}" if isinstance(loss, int | float) else ""


def publish(people: dict[str, Caller], seeded: Seeded, job: dict[str, Any], say: Say) -> dict[str, Any]:
    """The job's output becomes a revision: drafted by its member, proposed by the lead, approved by a reviewer."""
    member, lead, reviewer = people["mateo"], people["leila"], people["rosalind"]
    revision = member.post("revisions", {"job": job["id"], "name": MODEL})
    say(f"{member.name} drafts {revision['name']} {revision['label']} from the job's output")
    revision = member.post(f"revisions/{revision['id']}/acknowledge")
    unmet = [check["message"] for check in member.get(f"revisions/{revision['id']}/checks") if not check["is_met"]]
    if unmet:
        raise DemoFailed("The revision cannot be proposed: " + " ".join(unmet))
    lead.post(f"revisions/{revision['id']}/propose")
    revision = reviewer.post(f"revisions/{revision['id']}/approve")
    say(f"{lead.name} proposes it, {reviewer.name} reviews and publishes it under {revision['licence']}")
    return dict(revision)


def write_paper(people: dict[str, Caller], seeded: Seeded, revision: dict[str, Any], say: Say) -> dict[str, Any]:
    """A paper about the model, reviewed as the model was."""
    lead, reviewer = people["leila"], people["rosalind"]
    body = {
        "project": seeded.project,
        "kind": "preprint",
        "title": f"Small models of code on borrowed hosts ({revision['label']})",
        "abstract": "We train a language model of under a million parameters on the source of the Python standard "
        "library, on donated machines, and account for every second of them.",
        "published_on": revision["published_at"][:10],
        "authors": [{"name": "Leila Petrova"}, {"name": "Mateo Silva"}],
        "links": [{"artifact": revision["artifact"], "revision": revision["id"], "relation": "introduces"}],
    }
    paper = lead.post("publications", body)
    lead.post(f"publications/{paper['id']}/propose")
    paper = reviewer.post(f"publications/{paper['id']}/approve")
    say(f"the paper “{paper['title']}” is published")
    return dict(paper)


def accept_duties(people: dict[str, Caller], say: Say) -> None:
    """The grants officer agrees that what was promised to the donor is done."""
    officer = people["goran"]
    for duty in officer.each("obligations", status="submitted"):
        officer.post(f"obligations/{duty['id']}/accept")
        say(f"{officer.name} accepts the duty “{duty['text']}” as fulfilled by {duty['evidence_label']}")
