"""Back office: read only, since only actions write."""

from django.contrib import admin

from compute.jobs.models import Attempt, AttemptLease, Job, JobCheckpoint, JobFile, PodSegment, UsageSlice
from institute.core.admin import ReadOnlyAdmin


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    """Jobs."""

    list_display = ("name", "project", "recipe", "status", "reason", "created_at", "ended_at")
    list_filter = ("status", "recipe")
    list_select_related = ("project",)
    search_fields = ("name", "public_id")


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin[Attempt]):
    """Attempts."""

    list_display = ("name", "status", "cluster", "failure_class", "exit_code", "faults", "next_check_at")
    list_filter = ("status", "failure_class", "is_unknown")
    list_select_related = ("cluster",)
    search_fields = ("name", "public_id")


@admin.register(AttemptLease)
class AttemptLeaseAdmin(ReadOnlyAdmin[AttemptLease]):
    """Leases."""

    list_display = ("attempt", "fence", "holder", "state", "expires_at", "released_at")
    list_select_related = ("attempt",)


@admin.register(JobCheckpoint)
class JobCheckpointAdmin(ReadOnlyAdmin[JobCheckpoint]):
    """Accepted manifests."""

    list_display = ("job", "kind", "step", "fence", "accepted_at")
    list_filter = ("kind",)
    list_select_related = ("job",)


@admin.register(UsageSlice)
class UsageSliceAdmin(ReadOnlyAdmin[UsageSlice]):
    """Slices of use."""

    list_display = ("attempt", "slice_no", "starts_at", "ends_at", "accelerator_seconds", "overrun_seconds", "status")
    list_filter = ("status",)
    list_select_related = ("attempt",)


@admin.register(PodSegment)
class PodSegmentAdmin(ReadOnlyAdmin[PodSegment]):
    """Stretches of use."""

    list_display = ("attempt", "pod_uid", "index", "node", "starts_at", "ends_at", "evidence")
    list_select_related = ("attempt",)


@admin.register(JobFile)
class JobFileAdmin(ReadOnlyAdmin[JobFile]):
    """Files of jobs."""

    list_display = ("job", "kind", "path", "size", "sha256")
    list_filter = ("kind",)
    list_select_related = ("job",)
