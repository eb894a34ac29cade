"""A reviewer's decisions on a revision."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from institute.catalog import actions
from institute.catalog.finding import revision_or_404
from institute.catalog.views.artifacts import revision_page
from institute.catalog.views.revisions import show_draft
from institute.core.errors import DomainError
from institute.core.ui.forms import ReasonForm, refusals_as_form_errors
from institute.people.access import acting, permission_required


@require_POST
@permission_required("catalog.review_revision", fn=revision_or_404)
def revision_approve(request: HttpRequest, public_id: str) -> HttpResponse:
    """Publish it."""
    revision = revision_or_404(request, public_id)
    try:
        revision = actions.approve_revision(revision=revision, by=acting(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("catalog:revision-detail", public_id=public_id)
    messages.success(request, _("It is published."))
    return redirect(revision.artifact)


@require_POST
@permission_required("catalog.review_revision", fn=revision_or_404)
def revision_return(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give it back to its authors, with the reason."""
    revision = revision_or_404(request, public_id)
    form = ReasonForm(request.POST, auto_id="id_reason_%s")
    if form.is_valid():
        with refusals_as_form_errors(form):
            actions.return_revision(revision=revision, by=acting(request), reason=form.cleaned_data["reason"])
            messages.success(request, _("It is back with its authors."))
            return redirect("catalog:revision-list")
    return show_draft(request, revision, reason_form=form)


@require_POST
@permission_required("catalog.withdraw_revision", fn=revision_or_404)
def revision_withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a published revision back; its page stays and says why."""
    revision = revision_or_404(request, public_id)
    form = ReasonForm(request.POST)
    if form.is_valid():
        actions.withdraw_revision(revision=revision, by=acting(request), reason=form.cleaned_data["reason"])
        messages.success(request, _("It is withdrawn."))
        return redirect("catalog:revision-detail", public_id=public_id)
    messages.error(request, _("Give a reason: others will read it."))
    response = revision_page(request, revision)
    response.status_code = 422
    return response
