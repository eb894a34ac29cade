"""What the public page of a revision shows, read in a fixed number of statements."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Count, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext, override

from compute.jobs.models import Attempt
from compute.recipes.base import Metric
from grants.funding.queries import cite_texts
from institute.catalog.enums import (
    PUBLIC_REVISIONS,
    REVISIONS_COMING,
    ArtifactKind,
    ArtifactStatus,
    Relation,
    RevisionStatus,
)
from institute.catalog.formats import bibtex, cards, metrics
from institute.catalog.models import Artifact, EvaluationResult, Publication, Revision, RevisionSource
from institute.catalog.queries import artifacts, became, outputs, publications, trees
from institute.catalog.queries.chain import Payer, payers_with_shares
from institute.catalog.queries.trees import FileAt
from institute.core.subqueries import aggregate_of

ENERGY = "energy.json"
METRICS = "metrics.json"
MOST_REVISIONS = 10
MOST_PAPERS = became.MOST + 1  # as many as a ribbon counts
MOST_NAMED = 10
MOST_RELATIONS = 50
MOST_FILES = 50
WEIGHTS = (".safetensors", ".gguf", ".parquet")


@dataclass(frozen=True, slots=True)
class Result:
    """One line of "How it does": the measure's name in the reader's language."""

    row: EvaluationResult
    label: str
    unit: str


class RevisionPage:
    """A revision with everything its page shows; each part is asked for once."""

    def __init__(self, revision: Revision) -> None:
        self.revision = revision
        self.artifact: Artifact = revision.artifact

    @cached_property
    def files(self) -> list[FileAt]:
        """Every file, by path."""
        return trees.files_of(self.revision.commit)

    @property
    def first_files(self) -> list[FileAt]:
        """Those that the page lists; the page of files has them all."""
        return self.files[:MOST_FILES]

    @cached_property
    def texts(self) -> dict[str, str]:
        """Card, energy and measurements, as far as they are there."""
        return trees.texts_at(self.revision.commit, [trees.CARD, ENERGY, METRICS], self.files)

    @cached_property
    def card(self) -> str:
        """The card's text, without its own title where that is the artefact's name."""
        try:
            body = cards.split(self.texts.get(trees.CARD, ""))[1].strip()
        except cards.BadCard:
            return ""
        first, _, rest = body.partition("\n")
        return rest.strip() if first.startswith("# ") else body

    @cached_property
    def results(self) -> list[Result]:
        """The measurements, in the order in which they were noted."""
        recipe = outputs.recipe_of(self.revision.job) if self.revision.job else None
        known: dict[str, Metric] = {metric.name: metric for metric in recipe.metrics} if recipe else {}
        return [
            Result(row, gettext(known[row.metric].label) if row.metric in known else row.metric, _unit(row, known))
            for row in self.revision.results.order_by("id")
        ]

    @cached_property
    def energy(self) -> metrics.Energy | None:
        """What energy.json states in all."""
        try:
            return metrics.read_energy(json.loads(self.texts.get(ENERGY, "null")))
        except ValueError:
            return None

    @cached_property
    def payers(self) -> list[Payer]:
        """Who paid, the largest share first."""
        return payers_with_shares(self.revision.job) if self.revision.job else []

    @property
    def spent(self) -> int:
        """Accelerator-seconds that they paid together."""
        return sum(payer.spent for payer in self.payers)

    @cached_property
    def _relations(self) -> list[RevisionSource]:
        rows = RevisionSource.objects.filter(Q(revision=self.revision) | Q(from_revision=self.revision))
        related = ("from_revision__artifact__namespace", "revision__artifact__namespace")
        return list(rows.select_related(*related).order_by("id")[:MOST_RELATIONS])

    @property
    def parents(self) -> list[RevisionSource]:
        """What it was made from, besides its run."""
        rows = [row for row in self._relations if row.revision_id == self.revision.pk and row.from_revision]
        return [row for row in rows if row.relation != Relation.PRODUCED_BY]

    @property
    def children(self) -> list[RevisionSource]:
        """What was made from it and is public."""
        return [
            row
            for row in self._relations
            if row.from_revision_id == self.revision.pk and row.revision.status in PUBLIC_REVISIONS
        ]

    @cached_property
    def revisions(self) -> list[Revision]:
        """The newest public revisions of the artefact."""
        return list(artifacts.public_revisions(self.artifact).select_related(None)[:MOST_REVISIONS])

    @cached_property
    def waiting(self) -> list[Revision]:
        """The newest revisions on their way."""
        return list(self.artifact.revisions.filter(status__in=REVISIONS_COMING).order_by("-id")[:MOST_REVISIONS])

    @property
    def proposed(self) -> list[Revision]:
        """Those that wait for a reviewer, newest first."""
        return [revision for revision in self.waiting if revision.status == RevisionStatus.IN_REVIEW]

    @cached_property
    def papers(self) -> list[Publication]:
        """The newest published papers about the artefact; before it is published there is none."""
        return list(publications.papers_about(self.artifact)[:MOST_PAPERS]) if self.artifact.latest_id else []

    @property
    def first_papers(self) -> list[Publication]:
        """Those that the page names."""
        return self.papers[:MOST_NAMED]

    @property
    def main_file(self) -> FileAt | None:
        """The file that most people come for: the largest of weights or data, else the largest."""
        weights = [file for file in self.files if file.path.endswith(WEIGHTS)]
        return max(weights or self.files, key=lambda file: file.size, default=None)

    @property
    def opens_in_transformers(self) -> bool:
        """A config and weights lie at the top."""
        names = {file.path for file in self.files}
        return self.artifact.kind == ArtifactKind.MODEL and {"config.json", "model.safetensors"} <= names

    @property
    def download_names(self) -> list[str]:
        """The files one needs to use it, without card, manifest and git's own."""
        left_out = outputs.NOT_OF_THE_JOB | {ENERGY, "metrics.json"}
        return [file.path for file in self.files if file.path not in left_out]

    def bibtex(self) -> str:
        """A citation, with the donors' sentences as its note."""
        revision, artifact = self.revision, self.artifact
        authors = [credit.creator.name for credit in revision.credits.select_related("creator").order_by("position")]
        maker = artifact.project.title if artifact.project else settings.INSTITUTE_NAME
        year = str(revision.published_at.year) if revision.published_at else ""
        return bibtex.entry(
            "misc",
            bibtex.key_of(artifact.namespace.name, year, artifact.name),
            authors or [maker],
            {
                "title": f"{artifact}, {revision.label}",
                "year": year,
                "publisher": settings.INSTITUTE_NAME,
                "version": revision.label,
                "url": settings.PLATFORM_URL + address_of(artifact),
                "note": " ".join(self.thanks),
            },
        )

    @cached_property
    def thanks(self) -> list[str]:
        """The sentences that paying pledges ask for."""
        return list(dict.fromkeys(text for _pledge, text in cite_texts(payer.source.pledge for payer in self.payers)))


def address_of(thing: Artifact | Revision | Publication) -> str:
    """The address of a page without a language: for what is kept, quoted or given to machines."""
    with override(settings.LANGUAGE_CODE):
        return thing.get_absolute_url()


def _unit(row: EvaluationResult, known: dict[str, Metric]) -> str:
    return gettext(known[row.metric].unit) if row.metric in known and known[row.metric].unit else row.unit


WITH_ALL = (
    *("artifact__namespace", "artifact__project", "commit", "run"),
    *("job__accelerator_type", "job__project", "job__allocation"),
)


def for_page(revisions: QuerySet[Revision]) -> QuerySet[Any]:
    """Revisions with what their page needs of rows around them, and `n_attempts` of their job."""
    attempts = aggregate_of(Attempt.objects.filter(job=OuterRef("job")), "job", Count("pk"))
    return revisions.select_related(*WITH_ALL).annotate(n_attempts=Coalesce(attempts, 0))


def published_at(kind: ArtifactKind, handle: str, name: str) -> Revision | None:
    """What the artefact at an address shows, None if it shows nothing."""
    named = {"artifact__namespace__name__lower": handle.lower(), "artifact__name__lower": name.lower()}
    shown = for_page(Revision.objects.filter(artifact__kind=kind, artifact__latest=F("pk"), **named))
    found: Revision | None = shown.exclude(artifact__status=ArtifactStatus.DISABLED).first()
    return found


def paper_bibtex(paper: Publication, authors: list[str]) -> str:
    """A citation of a paper."""
    moment = paper.published_on or paper.published_at
    year = str(moment.year) if moment else ""
    kinds = {"article": "article", "conference": "inproceedings", "thesis": "phdthesis", "report": "techreport"}
    kind = kinds.get(paper.kind, "misc")
    venue = {"article": "journal", "inproceedings": "booktitle", "phdthesis": "school", "techreport": "institution"}
    return bibtex.entry(
        kind,
        bibtex.key_of(authors[0] if authors else "", year, paper.title),
        authors,
        {
            "title": paper.title,
            "year": year,
            venue.get(kind, "howpublished"): paper.venue,
            "doi": paper.doi,
            "eprint": paper.arxiv_id,
            "archiveprefix": "arXiv" if paper.arxiv_id else "",
            "url": settings.PLATFORM_URL + address_of(paper),
        },
    )
