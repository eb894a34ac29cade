"""Which pages are measured: every address that reads one thing or lists many, by its name."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from compute.allocations.models import Allocation, Project, Request
from compute.capacity.models import Cluster
from compute.jobs.models import Job
from compute.tracking.models import Run
from grants.donors.models import Donor
from grants.funding.models import Pledge
from institute.catalog.enums import ArtifactKind
from institute.catalog.models import Artifact, Publication, Revision
from institute.people.models import User
from tests.permissions.table import addresses

ENDINGS = ("-list", "-detail", "-desk", "-history", "-tree", "-file", "-provenance", ":home", ":search", ":dashboard")
MORE = (
    "catalog:namespace",
    "people:account",
    "api:today",
    "api:artifact-commits",
    "jobs:job-create",
    "catalog:model-cite",
)
# Not pages of rows, or nothing to show in the seeded institute (files and curves of jobs are in their own tests).
WITHOUT = {"api:run-file-list", "api:run-file", "jobs:job-file", "tracking:run-file", "account_email"}
# Whose id an address takes: "projects/<str:public_id>/members" that of a project.
OWNER = re.compile(r"([a-z-]+)/<str:public_id>")
SINGULAR = {"people": "person", "papers": "publication"}
OF_THE_LEAD = {"people:token-list", "api:token-list"}


class Objects:
    """The first row of every kind: what hangs on it is as long as the lists."""

    def __init__(self) -> None:
        project, artifact = (
            Project.objects.earliest("pk"),
            Artifact.objects.filter(kind=ArtifactKind.MODEL).earliest("pk"),
        )
        self.arguments: dict[str, dict[str, Any]] = {
            "allocations:project-detail": {"handle": project.handle},
            "allocations:member-list": {"handle": project.handle},
            "catalog:namespace": {"handle": project.handle},
            "api:member-list": {"public_id": project.public_id},
            "api:artifact-commits": {"public_id": artifact.public_id},
        }
        self.by_noun = {
            "donor": Donor.objects.earliest("pk").public_id,
            "pledge": Pledge.objects.earliest("pk").public_id,
            "cluster": Cluster.objects.earliest("pk").public_id,
            "project": project.public_id,
            "request": Request.objects.earliest("pk").public_id,
            "allocation": Allocation.objects.earliest("pk").public_id,
            "job": Job.objects.earliest("pk").public_id,
            "run": Run.objects.earliest("pk").public_id,
            "revision": Revision.objects.earliest("pk").public_id,
            "publication": Publication.objects.earliest("pk").public_id,
            "artifact": artifact.public_id,
            "person": User.objects.earliest("pk").public_id,
        }
        self.names = {
            kind.value: Artifact.objects.filter(kind=kind).select_related("namespace").earliest("pk")
            for kind in ArtifactKind
        }

    def of(self, name: str, parameters: set[str], route: str) -> dict[str, Any]:
        """The arguments of an address."""
        if name in self.arguments:
            return self.arguments[name]
        if "public_id" in parameters:
            plural = OWNER.findall(route)[0]
            return {"public_id": self.by_noun[SINGULAR.get(plural, plural.removesuffix("s"))]}
        if "name" in parameters:
            artifact = self.names[name.partition(":")[2].partition("-")[0]]
            own = {"handle": artifact.namespace.name, "name": artifact.name, "rev": "main", "path": "README.md"}
            return {key: value for key, value in own.items() if key in parameters}
        return {}


def pages() -> Iterator[tuple[str, str]]:
    """(name, address) of every page that is measured."""
    objects = Objects()
    for name, pattern in addresses():
        if name in WITHOUT or not (name.endswith(ENDINGS) or name in MORE) or not _reads(pattern):
            continue
        parameters = set(pattern.pattern.converters)
        yield name, reverse(name, kwargs=objects.of(name, parameters, pattern.pattern._route))


def _reads(pattern: Any) -> bool:
    view = getattr(pattern.callback, "cls", None)
    return view is None or hasattr(view, "get")
