"""Who is next where hosts are free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

URGENCIES = {"high": 0, "normal": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An attempt that waits for hosts. `clusters`: ids of those it may run on, best first."""

    attempt_id: int
    job_id: int
    project_id: int
    urgency: str
    accelerators: int
    clusters: tuple[int, ...]


def in_line(waiting: Sequence[Waiting]) -> list[Waiting]:
    """First come, first served by job; urgency reorders a project's own places and no others'."""
    by_age = sorted(waiting, key=lambda each: (each.job_id, each.attempt_id))
    own: dict[int, list[Waiting]] = {}
    for each in by_age:
        own.setdefault(each.project_id, []).append(each)
    turns = {project: iter(sorted(each, key=_urgency)) for project, each in own.items()}
    return [next(turns[each.project_id]) for each in by_age]


def _urgency(each: Waiting) -> int:
    return URGENCIES.get(each.urgency, URGENCIES["normal"])


def placements(waiting: Sequence[Waiting], free: Mapping[int, int]) -> dict[int, int]:
    """Attempt → cluster for those who start now; who is ahead and does not fit holds back who comes after,
    so that large jobs are not overtaken for ever. `free`: accelerators free per cluster that takes jobs."""
    left = dict(free)
    placed: dict[int, int] = {}
    for each in in_line(waiting):
        usable = [cluster for cluster in each.clusters if cluster in left]
        chosen = next((cluster for cluster in usable if left[cluster] >= each.accelerators), None)
        if chosen is None:
            for cluster in usable:
                left[cluster] = 0
            continue
        left[chosen] -= each.accelerators
        placed[each.attempt_id] = chosen
    return placed
