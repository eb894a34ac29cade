"""The public page of a model, data set or code base, and what it gives to machines."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from institute.catalog.enums import ArtifactKind, RevisionStatus
from institute.catalog.finding import artifact_or_404, is_insider
from institute.catalog.models import Artifact, Revision
from institute.catalog.ports_filled import links_of, story_of_page
from institute.catalog.queries import artifacts, pages, visibility
from institute.catalog.queries.chain import Payer, as_json, provenance
from institute.catalog.queries.pages import RevisionPage
from institute.core.states import history_of
from institute.core.ui import charts, formats
from institute.core.ui.forms import ReasonForm, render


@require_safe
def artifact_detail(request: HttpRequest, kind: ArtifactKind, handle: str, name: str) -> HttpResponse:
    """The page: its published revision; without one what the reader may know of; else a tombstone."""
    shown = pages.published_at(kind, handle, name)
    if shown is not None:
        return revision_page(request, shown)
    artifact = artifact_or_404(request, kind=kind, handle=handle, name=name)
    waiting = list(visibility.open_revisions(artifact, request.user, timezone.now()))
    if waiting or is_insider(request, artifact):
        return _workshop(request, artifact, waiting)
    withdrawn = artifacts.public_revisions(artifact).first()
    if withdrawn is None:
        raise Http404
    reason = history_of(withdrawn).filter(to_status=RevisionStatus.WITHDRAWN).last()
    context = {"artifact": artifact, "revision": withdrawn, "reason": reason}
    return render(request, "catalog/tombstone.html", context, status=410)


def revision_page(request: HttpRequest, revision: Revision) -> HttpResponse:
    """A public revision with everything behind it."""
    page = RevisionPage(revision)
    is_latest = page.artifact.latest_id == revision.pk
    context = _behind(page) | _for_reader(request, page) | {"is_latest": is_latest}
    response = render(request, "catalog/artifact_detail.html", context)
    if not is_latest:
        response["X-Robots-Tag"] = "noindex"
    return response


def _behind(page: RevisionPage) -> dict[str, Any]:
    """What everybody reads."""
    revision = page.revision
    is_withdrawn = revision.status == RevisionStatus.WITHDRAWN
    return {
        "page": page,
        "artifact": page.artifact,
        "revision": revision,
        "picture": _picture(page),
        "base_url": f"{settings.PLATFORM_URL}{pages.address_of(page.artifact)}/resolve/{revision.label}",
        "energy": _energy_text(page),
        "reason": history_of(revision).filter(to_status=RevisionStatus.WITHDRAWN).last() if is_withdrawn else None,
    }


def _for_reader(request: HttpRequest, page: RevisionPage) -> dict[str, Any]:
    """What depends on who reads."""
    insider, is_published = is_insider(request, page.artifact), page.revision.status == RevisionStatus.PUBLISHED
    proposed = page.proposed if request.user.has_perm("catalog.review") else []
    return {
        "links": links_of(story_of_page(page), request.user),
        "is_insider": insider,
        "waiting": page.waiting if insider else proposed,
        "perms_withdraw": is_published and request.user.has_perm("catalog.withdraw_revision", page.revision),
        "reason_form": ReasonForm(),
    }


def _workshop(request: HttpRequest, artifact: Artifact, waiting: Sequence[Revision]) -> HttpResponse:
    """What its own people see before anything is published, and reviewers of what is proposed."""
    context = {"artifact": artifact, "waiting": waiting, "is_insider": is_insider(request, artifact)}
    response = render(request, "catalog/artifact_unpublished.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


def _picture(page: RevisionPage) -> str:
    """Who paid how much for it, as bands from donors over pledges and the job to the revision."""
    job = page.revision.job
    if job is None or not page.payers:
        return ""
    donors = {_donor_name(payer): payer for payer in page.payers}
    columns = [
        [charts.Node(f"d:{name}", name) for name in donors],
        [charts.Node(f"p:{payer.source.pk}", payer.source.pledge.title) for payer in page.payers],
        [charts.Node("job", _("job %(name)s") % {"name": job.name})],
        [charts.Node("out", str(page.artifact.name))],
    ]
    bands = []
    for payer in page.payers:
        bands.append(charts.Band(f"d:{_donor_name(payer)}", f"p:{payer.source.pk}", payer.spent))
        bands.append(charts.Band(f"p:{payer.source.pk}", "job", payer.spent))
    bands.append(charts.Band("job", "out", page.spent))
    label = _("Hours from donors over pledges and the job to %(name)s") % {"name": page.artifact.name}
    return charts.flow(columns, bands, label=label, format=lambda n: formats.hours_text(int(n), job.accelerator_type))


def _donor_name(payer: Payer) -> str:
    return payer.donor.name if payer.is_named else _("a private donor")


JOULES = ((3_600_000_000, "MWh"), (3_600_000, "kWh"), (3_600, "Wh"), (1, "J"))


def _energy_text(page: RevisionPage) -> str:
    if page.energy is None:
        return ""
    joules = page.energy.joules
    divisor, unit = next((row for row in JOULES if joules >= row[0]), JOULES[-1])
    return f"{formats.number(joules / divisor, 2)} {unit}"


@require_safe
def provenance_json(request: HttpRequest, kind: ArtifactKind, handle: str, name: str) -> JsonResponse:
    """The whole chain behind the published revision, as JSON."""
    chain = provenance(_published_or_404(kind, handle, name))
    return JsonResponse(as_json(chain), json_dumps_params={"ensure_ascii": False, "indent": 1})


@require_safe
def cite(request: HttpRequest, kind: ArtifactKind, handle: str, name: str) -> HttpResponse:
    """How to cite it, as BibTeX."""
    return bib_response(RevisionPage(_published_or_404(kind, handle, name)).bibtex(), name)


def _published_or_404(kind: ArtifactKind, handle: str, name: str) -> Revision:
    revision = pages.published_at(kind, handle, name)
    if revision is None:
        raise Http404
    return revision


def bib_response(text: str, name: str) -> HttpResponse:
    """A BibTeX file to save."""
    response = HttpResponse(text, content_type="application/x-bibtex; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.bib"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
