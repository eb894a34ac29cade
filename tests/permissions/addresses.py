"""Which object of the small institute each address is asked about, and what is sent to it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from tests.factories.world import World

Arguments = Mapping[str, Any]
NOBODY = "0" * 26
SHA = "0" * 64


def by_id(find: Callable[[World], Any]) -> Callable[[World], Arguments]:
    """Addresses that end in the public id of one object."""
    return lambda world: {"public_id": find(world).public_id}


def artefact(find: Callable[[World], Any], **more: str) -> Callable[[World], Arguments]:
    """Addresses below an artefact."""
    return lambda world: {"handle": "swahili", "name": find(world).name, **more}


def _contact(world: World) -> Arguments:
    return {"public_id": world.given.donor.public_id, "user_id": world.people["donor_contact"].public_id}


def _consent(world: World) -> Arguments:
    return {"public_id": world.given.donor.public_id, "purpose": "newsletter"}


ADDRESSES: dict[str, Callable[[World], Arguments]] = {
    # people
    "people:token-revoke": by_id(lambda w: w.token),
    "people:person-detail": by_id(lambda w: w.people["member"]),
    "people:role-end": by_id(lambda w: w.people["member"]),
    "api:token-revoke": by_id(lambda w: w.token),
    # donors and pledges
    "donors:donor-detail": by_id(lambda w: w.given.donor),
    "api:donor-detail": by_id(lambda w: w.given.donor),
    **{f"donors:{what}": by_id(lambda w: w.given.donor) for what in ("donor-file", "donor-edit", "contact-add")},
    **{f"donors:{what}": by_id(lambda w: w.given.donor) for what in ("consent-add", "point-add")},
    **{f"api:{what}": by_id(lambda w: w.given.donor) for what in ("contact-list", "consent-list")},
    **dict.fromkeys(("donors:contact-end", "api:contact-end"), _contact),
    **dict.fromkeys(("donors:consent-end", "api:consent-withdraw"), _consent),
    **{
        f"{space}:pledge-{what}": by_id(lambda w: w.given.pledge)
        for space in ("funding", "api")
        for what in ("detail", "suspend", "withdraw", "close")
    },
    **{f"{space}:pledge-accept": by_id(lambda w: w.given.offered) for space in ("funding", "api")},
    **{f"{space}:pledge-resume": by_id(lambda w: w.given.suspended) for space in ("funding", "api")},
    **{
        f"{space}:pledge-{what}@other": by_id(lambda w: w.given.other_pledge)
        for space in ("funding", "api")
        for what in ("detail", "suspend")
    },
    "funding:obligation-accept": by_id(lambda w: w.done.duty),
    "funding:obligation-send-back": by_id(lambda w: w.done.duty),
    "api:obligation-accept": by_id(lambda w: w.done.duty),
    # capacity
    "capacity:cluster-detail": by_id(lambda w: w.given.cluster),
    "capacity:cluster-status": by_id(lambda w: w.given.cluster),
    "capacity:provider-status": by_id(lambda w: w.given.cluster.provider),
    "api:cluster-status": by_id(lambda w: w.given.cluster),
    "api:provider-status": by_id(lambda w: w.given.cluster.provider),
    # projects, requests, allocations
    **{
        f"allocations:{what}": lambda w: {"handle": w.granted.project.handle}
        for what in ("project-detail", "project-edit", "member-list", "request-create")
    },
    "allocations:project-archive": lambda w: {"handle": w.granted.empty_project.handle},
    "allocations:project-detail@other": lambda w: {"handle": w.granted.empty_project.handle},
    "allocations:member-end": lambda w: {
        "handle": w.granted.project.handle,
        "public_id": w.granted.membership.public_id,
    },
    "api:project-detail": by_id(lambda w: w.granted.project),
    "api:project-archive": by_id(lambda w: w.granted.empty_project),
    "api:member-list": by_id(lambda w: w.granted.project),
    "api:member-end": by_id(lambda w: w.granted.membership),
    **{
        f"{space}:request-{what}": by_id(lambda w: w.granted.submitted)
        for space in ("allocations", "api")
        for what in ("detail", "withdraw", "approve", "decline", "return")
    },
    **{
        f"{space}:request-{what}": by_id(lambda w: w.granted.draft)
        for space in ("allocations", "api")
        for what in ("edit", "submit", "detail@draft")
    },
    **{
        f"{space}:allocation-{what}": by_id(lambda w: w.granted.allocation)
        for space in ("allocations", "api")
        for what in ("detail", "freeze", "unfreeze", "close")
    },
    "allocations:source-lock": lambda w: {
        "public_id": w.granted.allocation.public_id,
        "source_id": w.granted.source.public_id,
    },
    "api:source-lock": by_id(lambda w: w.granted.source),
    # jobs and runs
    **{f"jobs:job-{what}": by_id(lambda w: w.done.waiting) for what in ("detail", "live", "log", "stop")},
    "jobs:job-file": lambda w: {"public_id": w.done.finished.public_id, "path": "README.md"},
    **{f"api:job-{what}": by_id(lambda w: w.done.waiting) for what in ("detail", "attempts", "files", "log", "stop")},
    **{f"api:attempt-{what}": by_id(lambda w: w.done.attempt) for what in ("lease", "checkpoints", "output")},
    "api:attempt-input": lambda w: {"public_id": w.done.attempt.public_id, "sha256": SHA},
    "api:attempt-file": lambda w: {"public_id": w.done.attempt.public_id, "sha256": SHA},
    **{
        f"tracking:run-{what}": by_id(lambda w: w.done.run)
        for what in ("detail", "curves", "panel", "log", "log-text", "series", "live", "stop")
    },
    "tracking:run-file": lambda w: {"public_id": w.done.run.public_id, "path": "config.yaml"},
    **{f"api:run-{what}": by_id(lambda w: w.done.run) for what in ("detail", "series", "log", "file-list")},
    **{
        f"{space}:run-{what}@published": by_id(lambda w: w.done.finished.run)
        for space, what in (
            *(("tracking", "detail"), ("tracking", "log")),
            *(("api", "detail"), ("api", "series"), ("api", "log")),
        )
    },
    "api:run-file": lambda w: {"public_id": w.done.run.public_id, "file_id": w.done.run_file.public_id},
    "tracker:storage": lambda w: {"token": "no-token"},
    "tracker:run-redirect": lambda w: {
        "entity": "swahili",
        "project": w.done.run.run_project.name,
        "name": w.done.run.name,
    },
    **{
        f"tracker:file-stream{where}": lambda w: {
            "entity": "swahili",
            "project": w.done.run.run_project.name,
            "run": w.done.run.name,
        }
        for where in ("", "-at-root")
    },
    # staff
    **{
        f"staff:letter-{what}": lambda w: {"event_id": w.letter.event_id, "pk": w.letter.pk}
        for what in ("retry", "discard")
    },
    # catalogue
    **{
        f"catalog:{kind}-{what}": artefact(find, **more)
        for kind, find in (
            ("model", lambda w: w.shown.model.artifact),
            ("dataset", lambda w: w.shown.dataset.artifact),
            ("code", lambda w: w.shown.code.artifact),
        )
        for what, more in (
            ("detail", {}),
            ("provenance", {}),
            ("cite", {}),
            ("upload", {}),
            ("draft", {}),
            ("revision-list", {}),
            ("history", {"rev": "main"}),
            ("tree", {"rev": "main"}),
            ("file", {"rev": "main", "path": "README.md"}),
            ("download", {"rev": "main", "path": "README.md"}),
        )
    },
    "catalog:code-detail@hidden": artefact(lambda w: w.shown.hidden),
    "catalog:code-tree@hidden": artefact(lambda w: w.shown.hidden, rev="main"),
    "catalog:code-download@hidden": artefact(lambda w: w.shown.hidden, rev="main", path="README.md"),
    "catalog:artifact-create": lambda w: {"kind": "dataset"},
    "catalog:revision-from-job": lambda w: {"job_id": w.done.finished.public_id},
    "catalog:namespace": lambda w: {"handle": "swahili"},
    **{
        f"{space}:revision-{what}": by_id(lambda w: w.shown.draft)
        for space in ("catalog", "api")
        for what in ("card", "describe", "acknowledge", "propose", "drop", "detail", "checks", "results", "adopt")
    },
    **{
        f"{space}:revision-{what}": by_id(lambda w: w.shown.proposed)
        for space in ("catalog", "api")
        for what in ("approve", "return", "detail@proposed")
    },
    **{
        f"{space}:revision-{what}": by_id(lambda w: w.shown.model)
        for space in ("catalog", "api")
        for what in ("withdraw", "provenance", "detail@published")
    },
    **{
        f"{space}:publication-{what}": by_id(lambda w: w.shown.paper)
        for space in ("catalog", "api")
        for what in ("detail", "cite", "retract")
    },
    **{
        f"{space}:publication-{what}": by_id(lambda w: w.shown.paper_draft)
        for space in ("catalog", "api")
        for what in ("edit", "propose", "detail@draft")
    },
    **{
        f"{space}:publication-{what}": by_id(lambda w: w.shown.paper_proposed)
        for space in ("catalog", "api")
        for what in ("approve", "return", "detail@proposed")
    },
    **{
        f"api:artifact-{what}": by_id(lambda w: w.shown.model.artifact)
        for what in ("detail", "uploads", "commits", "files", "provenance")
    },
    "api:artifact-detail@hidden": by_id(lambda w: w.shown.hidden),
    "api:artifact-upload": lambda w: {"public_id": w.shown.model.artifact.public_id, "sha256": SHA},
    # sign-in
    "account_confirm_email": lambda w: {"key": "none"},
    "account_reset_password_from_key": lambda w: {"uidb36": "1", "key": "none"},
    "mfa_remove_webauthn": lambda w: {"pk": 1},
    "mfa_edit_webauthn": lambda w: {"pk": 1},
    "openid_connect_login": lambda w: {"provider_id": "institute"},
    "openid_connect_callback": lambda w: {"provider_id": "institute"},
}


def arguments(key: str, world: World) -> Arguments:
    """The URL's arguments for a row."""
    find = ADDRESSES.get(key)
    return find(world) if find else {}


def address(key: str, world: World) -> str:
    """The address that a row is about."""
    return reverse(key.partition("@")[0], kwargs=dict(arguments(key, world)))


def sent(key: str, world: World) -> dict[str, Any]:
    """What a writing request carries: a reason and a day, and where the permission hangs on it, the object."""
    project, artifact = world.granted.project.public_id, world.shown.hidden.public_id
    job = {"recipe": "pretrain_lm", "allocation": world.granted.allocation.public_id, "name": "next"}
    line = {"type": "cpu-host", "runs": 1, "accelerators": 1, "hours": "1", **_window()}
    bodies: dict[str, dict[str, Any]] = {
        "api:job-list": job,
        "api:job-quote": job,
        "jobs:job-create": job,
        "api:request-list": {"project": project, "justification": "More.", "lines": [line]},
        "api:publication-list": {"project": project, "kind": "preprint", "title": "New"},
        "api:artifact-list": {"kind": "code", "handle": "swahili", "name": "fresh"},
        "catalog:artifact-create": {"handle": "swahili", "name": "fresh"},
        "api:revision-list": {"artifact": artifact},
    }
    later = (timezone.now() + timedelta(days=90)).isoformat()
    return {"reason": "It is time.", "effective_at": later} | bodies.get(key, {})


def _window() -> dict[str, str]:
    now = timezone.now()
    return {"starts_at": now.isoformat(), "ends_at": (now + timedelta(days=30)).isoformat()}
