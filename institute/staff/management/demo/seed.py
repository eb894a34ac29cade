"""What the demo's institute has before the chain begins: donors, pledges, machines, projects."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from institute.staff.management.demo.client import Caller

Say = Callable[[str], None]
HOUR = 3600
CITE = "Trained on machines lent by the Open Host Programme."


@dataclass(frozen=True, slots=True)
class Seeded:
    """Ids of what the chain goes on with."""

    donor: str
    pledge: str
    project: str
    allocation: str


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def seed(people: dict[str, Caller], say: Say, now: datetime) -> Seeded:
    """Make what is missing, as the people whose work it is."""
    officer, operations = people["goran"], people["ophelia"]
    donors = _donors(officer)
    say(f"two donors: {donors['host']['name']} and {donors['cloud']['name']}")
    officer.post(f"donors/{donors['host']['id']}/contacts", {"email": "dana@example.org"})
    _machines(operations, donors)
    pledges = _pledges(officer, donors, now)
    say("three pledges entered and accepted: " + ", ".join(pledge["title"] for pledge in pledges.values()))
    _supply(operations, pledges["hosts"])
    projects = _projects(operations)
    say("two projects: " + ", ".join(f"{project['title']} ({project['handle']})" for project in projects.values()))
    allocation = _allocate(people, projects["lowres"], pledges["hosts"], say, now)
    _ask_for_more(people, projects["glassbox"], now)
    host = donors["host"]["id"]
    return Seeded(host, pledges["hosts"]["id"], projects["lowres"]["id"], allocation)


def _donors(officer: Caller) -> dict[str, Any]:
    host = {
        "name": "Open Host Programme",
        "country": "CH",
        "url": "https://hosts.example.org",
        "public_text": "A programme of universities that lends idle hosts to open research.",
    }
    cloud = {
        "name": "Northwind Cloud",
        "country": "CA",
        "url": "https://northwind.example.org",
        "public_text": "A cloud provider that gives a share of its GPUs to nonprofit science.",
    }
    return {
        "host": officer.find_or_post("donors", host, key="name"),
        "cloud": officer.find_or_post("donors", cloud, key="name"),
    }


TYPES: tuple[dict[str, Any], ...] = (
    {"slug": "cpu-host", "name": "CPU", "kind": "cpu", "vendor": "various", "unit_label": "host-h", "watts": 65,
     "source": "stated by the lender"},
    {"slug": "h100", "name": "H100", "kind": "gpu", "vendor": "NVIDIA", "memory_gib": 80, "unit_label": "GPU-h",
     "peak_flops": 989_000_000_000_000, "watts": 700, "source": "data sheet, dense bf16"},
    {"slug": "tpu-v4", "name": "TPU v4", "kind": "tpu", "vendor": "Google", "memory_gib": 32, "chips_per_device": 1,
     "cores_per_chip": 2, "name_counts": "core", "unit_label": "chip-h", "peak_flops": 275_000_000_000_000,
     "watts": 192, "source": "data sheet, mean power"},
)  # fmt: skip


def _machines(operations: Caller, donors: dict[str, Any]) -> None:
    for kind in TYPES:
        operations.find_or_post("accelerator-types", kind, key="slug")
    own = {"name": "Machine room", "kind": "university", "donor": donors["host"]["id"]}
    provider = operations.find_or_post("providers", own, key="name")
    cloud = {"name": "Northwind Cloud", "kind": "gpu", "donor": donors["cloud"]["id"]}
    operations.find_or_post("providers", cloud, key="name")
    cluster = {
        "provider": provider["id"],
        "type": "cpu-host",
        "name": "This machine",
        "slug": "this-machine",
        "backend": "local",
        "accelerators": 1,
        "region": "on site",
        "g_co2e_per_kwh": 56,
        "g_co2e_source": "France, 2023, lifecycle",
    }
    operations.find_or_post("clusters", cluster, key="slug")


def _pledge(
    donor: dict[str, Any], title: str, window: tuple[datetime, datetime], terms: dict[str, Any], clauses: list[Any]
) -> dict[str, Any]:
    return {
        "donor": donor["id"],
        "title": title,
        "window_starts_at": _iso(window[0]),
        "window_ends_at": _iso(window[1]),
        "terms": terms,
        "restrictions": clauses,
    }


def _pledges(officer: Caller, donors: dict[str, Any], now: datetime) -> dict[str, Any]:
    day = datetime(now.year, now.month, now.day, tzinfo=UTC)
    cite = {"kind": "cite", "text": CITE}
    publish = {"kind": "publish_by", "text": "Publish within 12 months of the first use.", "parameter": {"months": 12}}
    licence = {
        "kind": "open_licence",
        "text": "Results are released under an open licence.",
        "parameter": {"at_least": "osi_or_cc"},
    }
    cloud_cite = {"kind": "cite", "text": "This work used GPUs given by Northwind Cloud."}
    wanted = {
        "hosts": _pledge(
            donors["host"],
            f"Hosts {day.year}",
            (day - timedelta(days=30), day + timedelta(days=335)),
            {"type_slug": "cpu-host", "amount": 2_000 * HOUR, "notice_days": 30, "reserve_percent": 2},
            [publish, cite, licence],
        ),
        "gpus": _pledge(
            donors["cloud"],
            f"H100 share, {day.year} H2",
            (day - timedelta(days=90), day + timedelta(days=75)),
            {"type_slug": "h100", "amount": 48_000 * HOUR, "service_class": "preemptible", "notice_days": 14},
            [licence, cloud_cite],
        ),
        "chips": _pledge(
            donors["host"],
            f"TPU v4, {day.year + 1}",
            (day + timedelta(days=30), day + timedelta(days=395)),
            {"type_slug": "tpu-v4", "amount": 240_000 * HOUR, "service_class": "reserved", "notice_days": 90},
            [cite],
        ),
    }
    made = {}
    for name, body in wanted.items():
        pledge = officer.find_or_post("pledges", body, key="title")
        if pledge["status"] == "offered":
            pledge = officer.post(f"pledges/{pledge['id']}/accept")
        made[name] = pledge
    return made


def _supply(operations: Caller, pledge: dict[str, Any]) -> None:
    """The hosts are there to be used; the GPUs and chips are promised, their clusters not connected yet."""
    provider = next(row["id"] for row in operations.each("providers") if row["name"] == "Machine room")
    cluster = next(row["id"] for row in operations.each("clusters") if row["slug"] == "this-machine")
    if pledge["id"] not in {row["pledge"] for row in operations.each("supplies")}:
        operations.post("supplies", {"pledge": pledge["id"], "provider": provider, "clusters": [cluster]})


def _projects(operations: Caller) -> dict[str, Any]:
    lowres = {
        "handle": "lowres",
        "title": "Low-resource language models",
        "summary": "Small models for languages and domains that large ones forget.",
        "fields_of_research": ["language models"],
        "lead": "leila@example.org",
    }
    glassbox = {
        "handle": "glassbox",
        "title": "Interpretability",
        "summary": "What small models know, and where they keep it.",
        "fields_of_research": ["interpretability"],
        "lead": "ines@example.org",
    }
    made = {str(body["handle"]): operations.find_or_post("projects", body, key="handle") for body in (lowres, glassbox)}
    members = {row["name"] for row in operations.each(f"projects/{made['lowres']['id']}/members")}
    if "Mateo Silva" not in members:
        operations.post(f"projects/{made['lowres']['id']}/members", {"email": "mateo@example.org", "role": "member"})
    return made


def _request(project: dict[str, Any], kind: str, hours: int, why: str, now: datetime) -> dict[str, Any]:
    line = {
        "type": kind,
        "runs": 10,
        "accelerators": 1,
        "hours": hours,
        "starts_at": _iso(now),
        "ends_at": _iso(now + timedelta(days=60)),
    }
    return {
        "project": project["id"],
        "justification": why,
        "output_licence": "Apache-2.0",
        "accepts_publishing": True,
        "lines": [line],
    }


def _allocate(
    people: dict[str, Caller], project: dict[str, Any], pledge: dict[str, Any], say: Say, now: datetime
) -> str:
    """The lead asks, operations decide; an allocation that is there already serves a second demo."""
    lead, operations = people["leila"], people["ophelia"]
    for row in lead.each("allocations"):
        if row["project"] == project["id"] and row["status"] == "active":
            return str(row["id"])
    body = _request(project, "cpu-host", 5, "Ten runs of a small model on the text that lies on every machine.", now)
    request = lead.post("requests", body)
    request = lead.post(f"requests/{request['id']}/submit")
    line = request["lines"][0]
    say(f"{lead.name} asks for {line['amount_requested'] // HOUR} host-hours")
    award = {
        "sources": [{"line": line["id"], "pledge": pledge["id"], "amount": line["amount_requested"]}],
        "starts_at": line["starts_at"],
        "ends_at": line["ends_at"],
    }
    allocation = operations.post(f"requests/{request['id']}/approve", award)
    say(f"{operations.name} grants them from “{pledge['title']}”")
    return str(allocation["id"])


def _ask_for_more(people: dict[str, Caller], project: dict[str, Any], now: datetime) -> None:
    """A request that waits for a decision, so that the desk has something to decide."""
    lead = people["ines"]
    if any(row["project"] == project["id"] for row in lead.each("requests")):
        return
    request = lead.post("requests", _request(project, "h100", 40, "Probing experiments on open checkpoints.", now))
    lead.post(f"requests/{request['id']}/submit")
