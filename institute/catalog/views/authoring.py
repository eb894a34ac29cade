"""Making artefacts, bringing files, drafting revisions."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from compute.jobs.models import Job
from institute.catalog import actions
from institute.catalog.enums import ArtifactKind
from institute.catalog.finding import artifact_or_404
from institute.catalog.forms import ArtifactForm, UploadForm
from institute.catalog.models import Artifact
from institute.catalog.queries import namespaces, trees
from institute.core.errors import DomainError
from institute.core.ui.forms import posted, refusals_as_form_errors, render
from institute.people.access import acting, permission_required, signed_in
from institute.people.models import User


@signed_in
def artifact_create(request: HttpRequest, kind: str) -> HttpResponse:
    """A new model, data set or code base under one of the person's handles."""
    if kind not in ArtifactKind.values or not isinstance(request.user, User):
        raise Http404
    wanted = posted(request, "namespace") or request.GET.get("handle", "")
    open_ones = namespaces.usable_by(request.user, timezone.now(), named=wanted)
    initial = {"namespace": wanted}
    form = ArtifactForm(request.POST or None, namespaces=open_ones, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            artifact = actions.create_artifact(kind=ArtifactKind(kind), by=acting(request), **form.cleaned_data)
            return redirect(f"catalog:{kind}-upload", handle=artifact.namespace.name, name=artifact.name)
    return render(request, "catalog/artifact_create.html", {"form": form, "kind": ArtifactKind(kind)})


def _own(request: HttpRequest, **address: Any) -> Artifact:
    return artifact_or_404(request, **address)


@permission_required("catalog.edit_artifact", fn=_own)
def upload(request: HttpRequest, kind: ArtifactKind, handle: str, name: str) -> HttpResponse:
    """Bring files: each is kept by its SHA-256, then all are committed together."""
    artifact = artifact_or_404(request, kind=kind, handle=handle, name=name)
    head = trees.head_of(artifact)
    form = UploadForm(request.POST or None, request.FILES or None, initial={"parent": head.sha1 if head else ""})
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            _commit(request, artifact, form)
            messages.success(request, _("The files are committed."))
            return redirect(f"catalog:{kind}-upload", handle=handle, name=name)
    files = trees.files_of(head) if head else []
    return render(request, "catalog/upload.html", {"artifact": artifact, "form": form, "files": files, "head": head})


def _commit(request: HttpRequest, artifact: Artifact, form: UploadForm) -> None:
    by, user, data = acting(request), request.user, form.cleaned_data
    assert isinstance(user, User)  # the permission has been checked
    files = data["files"]
    with transaction.atomic():
        brought = actions.upload_files(artifact=artifact, sources=[file.file for file in files], user=user, by=by)
        changes = [actions.Put(form.path_of(file.name), one.blob_id) for file, one in zip(files, brought, strict=True)]
        actions.commit_files(artifact=artifact, changes=changes, message=data["message"], by=by, parent=data["parent"])


@require_POST
@permission_required("catalog.draft_revision", fn=_own)
def draft(request: HttpRequest, kind: ArtifactKind, handle: str, name: str) -> HttpResponse:
    """Make a draft revision of what is on the main branch."""
    artifact = artifact_or_404(request, kind=kind, handle=handle, name=name)
    try:
        revision = actions.draft_revision(artifact=artifact, by=acting(request))
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect(f"catalog:{kind}-upload", handle=handle, name=name)
    return redirect(revision)


def _job(request: HttpRequest, job_id: str) -> Job:
    jobs = Job.objects.select_related("project", "allocation", "accelerator_type")
    job = jobs.filter(public_id=job_id).first()
    if job is None or not request.user.has_perm("jobs.view_job", job):
        raise Http404
    return job


@require_POST
@permission_required("catalog.draft_revision", fn=_job)
def draft_from_job(request: HttpRequest, job_id: str) -> HttpResponse:
    """Make a draft revision of what a job handed in."""
    job = _job(request, job_id)
    name = posted(request, "name")[:96]
    revision = actions.draft_revision_from_job(job=job, by=acting(request), name=name)
    return redirect(revision)
