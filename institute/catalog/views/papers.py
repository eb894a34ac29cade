"""Papers: shown, written, reviewed."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from compute.allocations.models import Project
from institute.catalog import actions, rules
from institute.catalog.enums import PUBLIC_PUBLICATIONS, PublicationStatus
from institute.catalog.finding import publication_or_404
from institute.catalog.forms import PaperForm, link_text, paper_initial
from institute.catalog.models import Publication
from institute.catalog.ports_filled import givers, links_of, story_of
from institute.catalog.queries import artifacts, namespaces, pages, publications
from institute.catalog.views.artifacts import bib_response
from institute.core.errors import DomainError
from institute.core.states import history_of
from institute.core.ui.forms import ReasonForm, posted, refusals_as_form_errors, render
from institute.people.access import acting, permission_required, signed_in
from institute.people.models import User


@require_safe
def paper_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """A paper with what it is about, who paid for that, and how to cite it."""
    return show_paper(request, publication_or_404(request, public_id))


def show_paper(request: HttpRequest, paper: Publication, **forms: Any) -> HttpResponse:
    """The page; before publication with what is missing and the next step."""
    is_public = paper.status in PUBLIC_PUBLICATIONS
    is_retracted = paper.status == PublicationStatus.RETRACTED
    story = story_of(paper, request.user)
    context = {
        "paper": paper,
        "links": [link for link in publications.links_of(paper) if link.artifact.latest_id or not is_public],
        "chain": links_of(story, request.user),
        "givers": givers(story, request.user),
        "bibtex": _bibtex(paper),
        "is_public": is_public,
        "checks": [] if is_public else rules.publication_checks(paper),
        "reason_form": ReasonForm(),
        "retracted": history_of(paper).filter(to_status=PublicationStatus.RETRACTED).last() if is_retracted else None,
    }
    response = render(request, "catalog/paper_detail.html", context | _may(request, paper) | forms)
    if not is_public:
        response["X-Robots-Tag"] = "noindex"
    return response


def _may(request: HttpRequest, paper: Publication) -> dict[str, bool]:
    may, is_draft = request.user.has_perm, paper.status == PublicationStatus.DRAFT
    can_be_retracted = paper.status in {PublicationStatus.PUBLISHED, PublicationStatus.CORRECTED}
    return {
        "may_edit": is_draft and may("catalog.edit_publication", paper),
        "may_propose": is_draft and may("catalog.propose_publication", paper),
        "may_review": paper.status == PublicationStatus.IN_REVIEW and may("catalog.review_publication", paper),
        "may_retract": can_be_retracted and may("catalog.retract_publication", paper),
    }


def _bibtex(paper: Publication) -> str:
    return pages.paper_bibtex(paper, [credit.creator.name for credit in paper.authors])  # type: ignore[attr-defined]


@require_safe
def cite(request: HttpRequest, public_id: str) -> HttpResponse:
    """How to cite it, as BibTeX."""
    return bib_response(_bibtex(publication_or_404(request, public_id)), public_id)


@signed_in
def paper_create(request: HttpRequest) -> HttpResponse:
    """Write a paper down for one of the person's projects."""
    assert isinstance(request.user, User)  # signed in
    wanted = posted(request, "project") or request.GET.get("project", "")
    projects = list(namespaces.projects_usable_by(request.user, timezone.now(), named=wanted))
    if not projects:
        raise Http404
    project = next((one for one in projects if one.public_id == wanted), projects[0])
    if request.method == "POST" and wanted not in {"", project.public_id}:
        raise Http404  # a paper is never written down for another project than the one that was asked for
    form = PaperForm(request.POST or None, initial=_start(request, project))
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            return redirect(actions.create_publication(project=project, draft=form.draft(), by=acting(request)))
    return render(request, "catalog/paper_form.html", {"form": form, "projects": projects, "project": project})


def _start(request: HttpRequest, project: Project) -> dict[str, str]:
    """The author's own name, and what the project published last."""
    own = artifacts.published().filter(project=project).select_related("namespace").order_by("-published_at")[:3]
    return {"authors": str(request.user), "links": "\n".join(link_text(artifact) for artifact in own)}


@permission_required("catalog.edit_publication", fn=publication_or_404)
def paper_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Write a draft anew."""
    paper = publication_or_404(request, public_id)
    initial = paper_initial(paper, paper.authors, list(publications.links_of(paper)))  # type: ignore[attr-defined]
    form = PaperForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            actions.edit_publication(publication=paper, draft=form.draft(), by=acting(request))
            return redirect(paper)
    return render(request, "catalog/paper_form.html", {"form": form, "paper": paper, "project": paper.project})


def _step(request: HttpRequest, paper: Publication, action: Callable[..., Publication], said: str) -> HttpResponse:
    try:
        action(publication=paper, by=acting(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect(paper)


@require_POST
@permission_required("catalog.propose_publication", fn=publication_or_404)
def paper_propose(request: HttpRequest, public_id: str) -> HttpResponse:
    """Hand it to the reviewers."""
    paper = publication_or_404(request, public_id)
    return _step(request, paper, actions.propose_publication, _("It waits for a reviewer now."))


@require_POST
@permission_required("catalog.review_publication", fn=publication_or_404)
def paper_approve(request: HttpRequest, public_id: str) -> HttpResponse:
    """Publish it."""
    paper = publication_or_404(request, public_id)
    return _step(request, paper, actions.approve_publication, _("It is published."))


def _with_reason(request: HttpRequest, public_id: str, action: Callable[..., Publication], said: str) -> HttpResponse:
    paper = publication_or_404(request, public_id)
    form = ReasonForm(request.POST)
    if form.is_valid():
        with refusals_as_form_errors(form):
            action(publication=paper, by=acting(request), reason=form.cleaned_data["reason"])
            messages.success(request, said)
            return redirect("catalog:revision-list")
    return show_paper(request, paper, reason_form=form)


@require_POST
@permission_required("catalog.review_publication", fn=publication_or_404)
def paper_return(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give it back to its authors, with the reason."""
    return _with_reason(request, public_id, actions.return_publication, _("It is back with its authors."))


@require_POST
@permission_required("catalog.retract_publication", fn=publication_or_404)
def paper_retract(request: HttpRequest, public_id: str) -> HttpResponse:
    """Mark it as retracted; its page stays and says why."""
    return _with_reason(request, public_id, actions.retract_publication, _("It is marked as retracted."))
