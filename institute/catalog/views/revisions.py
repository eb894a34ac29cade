"""A revision on its way: what is missing, its card, its licence, and the step to the reviewers."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from institute.catalog import actions, rules
from institute.catalog.enums import PUBLIC_REVISIONS, RevisionStatus
from institute.catalog.finding import revision_or_404
from institute.catalog.forms import CardForm, DescribeForm
from institute.catalog.models import Revision
from institute.catalog.ports_filled import links_of, story_of_page
from institute.catalog.queries import trees
from institute.catalog.queries.pages import RevisionPage
from institute.catalog.views.artifacts import revision_page
from institute.core.errors import DomainError
from institute.core.states import history_of
from institute.core.ui.forms import ReasonForm, refusals_as_form_errors, render
from institute.people.access import acting, permission_required


@require_safe
def revision_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """A public revision as the public sees it; one on its way as its authors and reviewers do."""
    revision = revision_or_404(request, public_id)
    if revision.status in PUBLIC_REVISIONS:
        return revision_page(request, revision)
    return show_draft(request, revision)


def show_draft(request: HttpRequest, revision: Revision, **forms: Any) -> HttpResponse:
    """The wizard: conditions met and not met, card, label and licence, what was measured, and the next step."""
    page = RevisionPage(revision)
    checks = rules.checks_of(revision, page)
    context = {
        "page": page,
        "links": links_of(story_of_page(page), request.user),
        "revision": revision,
        "artifact": revision.artifact,
        "checks": checks,
        "is_ready": all(check.is_met for check in checks),
        "lacks_thanks": any(check.rule == "acknowledgement" and not check.is_met for check in checks),
        "steps": list(history_of(revision)),
        "describe_form": DescribeForm(initial=_description(revision)),
        "reason_form": ReasonForm(auto_id="id_reason_%s"),
    }
    response = render(request, "catalog/revision_draft.html", context | _may(request, revision) | forms)
    response["X-Robots-Tag"] = "noindex"
    return response


def _may(request: HttpRequest, revision: Revision) -> dict[str, bool]:
    is_open = revision.status in {RevisionStatus.DRAFT, RevisionStatus.CANDIDATE}
    in_review = revision.status == RevisionStatus.IN_REVIEW
    return {
        "may_edit": is_open and request.user.has_perm("catalog.draft_revision", revision),
        "may_propose": is_open and request.user.has_perm("catalog.propose_revision", revision),
        "may_review": in_review and request.user.has_perm("catalog.review_revision", revision),
    }


def _description(revision: Revision) -> dict[str, str]:
    return {"label": revision.label, "licence": revision.licence, "notes": revision.notes}


@permission_required("catalog.draft_revision", fn=revision_or_404)
def revision_card(request: HttpRequest, public_id: str) -> HttpResponse:
    """Edit the card; beside it how it will look."""
    revision = revision_or_404(request, public_id)
    form = CardForm(request.POST or None, initial={"card": trees.text_at(revision.commit, trees.CARD)})
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        with refusals_as_form_errors(form):
            actions.edit_card(revision=revision, text=form.cleaned_data["card"], by=acting(request))
            messages.success(request, _("The card is saved."))
            return redirect(revision)
    text = form["card"].value() or ""
    context = {"revision": revision, "artifact": revision.artifact, "form": form, "text": text}
    return render(request, "catalog/revision_card.html", context)


@require_POST
@permission_required("catalog.draft_revision", fn=revision_or_404)
def revision_describe(request: HttpRequest, public_id: str) -> HttpResponse:
    """Save label, licence and notes."""
    revision = revision_or_404(request, public_id)
    form = DescribeForm(request.POST)
    if form.is_valid():
        with refusals_as_form_errors(form):
            actions.describe_revision(revision=revision, by=acting(request), **form.cleaned_data)
            return redirect(revision)
    return show_draft(request, revision, describe_form=form)


@require_POST
@permission_required("catalog.draft_revision", fn=revision_or_404)
def revision_acknowledge(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add the donors' sentences to the card."""
    revision = revision_or_404(request, public_id)
    actions.acknowledge_in_card(revision=revision, by=acting(request))
    messages.success(request, _("The card thanks every donor now."))
    return redirect(revision)


@require_POST
@permission_required("catalog.propose_revision", fn=revision_or_404)
def revision_propose(request: HttpRequest, public_id: str) -> HttpResponse:
    """Hand it to the reviewers."""
    revision = revision_or_404(request, public_id)
    try:
        with transaction.atomic():
            if revision.status == RevisionStatus.CANDIDATE:
                revision = actions.adopt_candidate(revision=revision, by=acting(request))
            actions.propose_revision(revision=revision, by=acting(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect(revision)
    messages.success(request, _("It waits for a reviewer now."))
    return redirect(revision)


@require_POST
@permission_required("catalog.draft_revision", fn=revision_or_404)
def revision_drop(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give a draft up."""
    revision = revision_or_404(request, public_id)
    form = ReasonForm(request.POST, auto_id="id_reason_%s")
    if form.is_valid():
        with refusals_as_form_errors(form):
            actions.drop_revision(revision=revision, by=acting(request), reason=form.cleaned_data["reason"])
            return redirect("catalog:revision-list")
    return show_draft(request, revision, reason_form=form)
