"""What a revision needs before the public may see it; each condition is shown, met or not, before anyone asks."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from compute.allocations.enums import Openness
from compute.allocations.rules.licences import openness_of
from compute.jobs.enums import JobStatus
from grants.funding.enums import Enforcement, RestrictionKind
from grants.funding.models import Pledge, Restriction
from institute.catalog.enums import ArtifactKind, BlobStatus, Verdict
from institute.catalog.formats import cards, licences, metrics, pickles
from institute.catalog.models import BlobScan, Revision
from institute.catalog.queries import outputs, trees
from institute.catalog.queries.pages import METRICS, RevisionPage
from institute.catalog.queries.trees import FileAt
from institute.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Check:
    """One condition: its rule's name, what it says, whether it is met, and the way out where it is not."""

    rule: str
    label: str
    is_met: bool
    message: str = ""
    way_out: str = ""
    field: str = ""


@dataclass
class Subject:
    """A revision with what its checks look at, each read once."""

    page: RevisionPage

    @property
    def revision(self) -> Revision:
        """The revision itself."""
        return self.page.revision

    @property
    def files(self) -> list[FileAt]:
        """Every file of the commit."""
        return self.page.files

    @property
    def texts(self) -> dict[str, str]:
        """Card and metrics."""
        return self.page.texts

    @property
    def payers(self) -> list[Pledge]:
        """The pledges that paid for the job."""
        return [payer.source.pledge for payer in self.page.payers]

    @cached_property
    def card(self) -> tuple[dict[str, Any], str] | None:
        """(front matter, body), None if the front matter cannot be read."""
        try:
            return cards.split(self.texts.get(trees.CARD, ""))
        except cards.BadCard:
            return None

    @cached_property
    def clauses(self) -> list[Restriction]:
        """The clauses of every paying pledge on how results are published."""
        kinds = [RestrictionKind.CITE, RestrictionKind.OPEN_LICENCE]
        found = Restriction.objects.filter(pledge__in=self.payers, kind__in=kinds)
        return list(found.select_related("pledge").order_by("pledge_id", "clause_no"))


def checks_of(revision: Revision, page: RevisionPage | None = None) -> list[Check]:
    """Every condition of publication, in the order in which authors meet them. `page`: what was read of it already."""
    subject = Subject(page or RevisionPage(revision))
    return [check for rule in RULES for check in rule(subject)]


def require_publishable(revision: Revision) -> None:
    """Refused with the first condition that is not met, naming how many others are not."""
    failed = [check for check in checks_of(revision) if not check.is_met]
    if not failed:
        return
    first = failed[0]
    message = first.message
    if len(failed) > 1:
        others = ", ".join(check.label for check in failed[1:])
        message = _("%(message)s Also not met: %(others)s.") % {"message": message, "others": others}
    raise Refused(message, field=first.field or None, rule=first.rule, way_out=first.way_out)


def _job_ended(subject: Subject) -> Iterator[Check]:
    job = subject.revision.job
    if job is None:
        return
    yield Check(
        "job-succeeded",
        _("The job has succeeded"),
        job.status == JobStatus.SUCCEEDED,
        _("The job “%(job)s” is %(status)s.") % {"job": job, "status": job.get_status_display()},
        _("Publish what a job has finished."),
    )
    changed = outputs.differences(outputs.accepted_output(job), subject.files)
    yield Check(
        "output-unchanged",
        _("Every file is as the job handed it in"),
        not changed,
        _("“%(path)s” is not as the job handed it in.") % {"path": changed[0] if changed else ""},
        _("Draft the revision again from the job."),
    )


def _licence(subject: Subject) -> Iterator[Check]:
    licence, front = subject.revision.licence, (subject.card or ({}, ""))[0]
    if licence == licences.OTHER:
        yield Check(
            "licence",
            _("It has a licence"),
            bool(front.get("license_name")) and bool(front.get("license_link")),
            _("The licence “other” needs license_name and license_link in the card's front matter."),
            _("Add them to the card, or choose a licence by its SPDX name."),
            "licence",
        )
    else:
        yield Check(
            "licence",
            _("It has a licence"),
            licences.canonical(licence) == licence != "",
            _("There is no SPDX licence on it."),
            _("Choose a licence, for example Apache-2.0 or CC-BY-4.0."),
            "licence",
        )
    for clause in subject.clauses:
        if clause.kind == RestrictionKind.OPEN_LICENCE and clause.enforcement != Enforcement.REPORT:
            yield _as_open(licence, clause)


def openness(expression: str) -> Openness:
    """How open a licence expression is: one may choose among alternatives, but must obey all that hold together."""
    order = list(Openness)
    options = licences.alternatives(expression)
    return max((min((openness_of(name) for name in names), key=order.index) for names in options), key=order.index)


def _as_open(licence: str, clause: Restriction) -> Check:
    order = list(Openness)
    wanted = Openness(clause.parameter.get("at_least", Openness.OSI_OR_CC))
    return Check(
        "licence-openness",
        _("The licence is as open as “%(pledge)s” asks") % {"pledge": clause.pledge},
        order.index(openness(licence)) >= order.index(wanted),
        _("Clause %(no)s of pledge “%(pledge)s”: “%(text)s”")
        % {"no": clause.clause_no, "pledge": clause.pledge, "text": clause.text},
        _("Choose a more open licence, for example Apache-2.0 or CC-BY-4.0."),
        "licence",
    )


def _card(subject: Subject) -> Iterator[Check]:
    yield Check(
        "card",
        _("It has a card that can be read"),
        subject.card is not None and bool(subject.card[1].strip()),
        _("README.md is missing, empty, or its front matter is no valid YAML."),
        _("Write the card: what it is, how it was made, what it is not for."),
        "card",
    )
    for clause in subject.clauses:
        if clause.kind == RestrictionKind.CITE:
            yield Check(
                "acknowledgement",
                _("The card thanks for “%(pledge)s”") % {"pledge": clause.pledge},
                subject.card is not None and cards.has_sentence(subject.card[1], clause.text),
                _("Clause %(no)s of pledge “%(pledge)s” asks the card to say: “%(text)s”")
                % {"no": clause.clause_no, "pledge": clause.pledge, "text": clause.text},
                _("Use the button that adds the sentence to the card."),
                "card",
            )


def _files(subject: Subject) -> Iterator[Check]:
    own = [file for file in subject.files if file.path != trees.CARD]
    yield Check(
        "files",
        _("It has files"),
        bool(own),
        _("There is nothing in it but the card."),
        _("Upload files and draft the revision again."),
    )
    unclean = sorted(_unclean(subject.files))
    yield Check(
        "clean-files",
        _("No file can run code when it is loaded"),
        not unclean,
        _("“%(path)s” is, or may hold, a pickle: loading it runs what it says.")
        % {"path": unclean[0] if unclean else ""},
        _("Save the tensors as safetensors, and data as text or parquet."),
    )


def _unclean(files: Sequence[FileAt]) -> Iterator[str]:
    hashes = {file.sha256 for file in files}
    scans = BlobScan.objects.filter(scanner=pickles.SCANNER, version=pickles.VERSION, verdict=Verdict.CLEAN)
    clean = set(scans.filter(blob__in=hashes, blob__status=BlobStatus.STORED).values_list("blob", flat=True))
    for file in files:
        if file.path.lower().endswith(pickles.SUFFIXES) or file.sha256 not in clean:
            yield file.path


def _gates(subject: Subject) -> Iterator[Check]:
    if subject.revision.job is None or subject.revision.artifact.kind != ArtifactKind.MODEL:
        return
    try:
        gates = metrics.read(json.loads(subject.texts.get(METRICS, ""))).gates
    except (ValueError, metrics.BadMetrics):
        gates = []
    failed = [gate for gate in gates if not gate.passed]
    missing = sorted(outputs.blocking_gates(subject.revision.job) - {gate.name for gate in gates})
    bad = [gate.name for gate in failed if outputs.is_blocking(subject.revision.job, gate.name)] + missing
    yield Check(
        "gates",
        _("It passed its own measurements"),
        bool(gates) and not bad,
        _("metrics.json: %(gates)s.") % {"gates": _gate_text(failed, missing)},
        _("Train again; a model that does not pass is not published."),
    )


def _gate_text(failed: Iterable[metrics.Gate], missing: Sequence[str]) -> str:
    parts = [
        _("“%(name)s” is %(value)s, its limit %(limit)s") % {"name": g.name, "value": g.value, "limit": g.limit}
        for g in failed
    ]
    parts += [_("“%(name)s” was not measured") % {"name": name} for name in missing]
    return "; ".join(parts) or _("there are no measurements")


RULES: Sequence[Callable[[Subject], Iterator[Check]]] = (_job_ended, _files, _licence, _card, _gates)
