"""Back office, to read only: runs are written by what trains."""

from django.contrib import admin

from compute.tracking.models import Run, RunFile, RunProject, RunWriter
from institute.core.admin import ReadOnlyAdmin


@admin.register(RunProject)
class RunProjectAdmin(ReadOnlyAdmin[RunProject]):
    """Run projects."""

    list_display = ("name", "project", "user", "created_at")
    list_select_related = ("project", "user")


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin[Run]):
    """Runs."""

    list_display = ("__str__", "status", "run_project", "next_step", "heartbeat_at")
    list_filter = ("status",)
    list_select_related = ("run_project",)
    search_fields = ("public_id", "name", "display_name")


@admin.register(RunWriter)
class RunWriterAdmin(ReadOnlyAdmin[RunWriter]):
    """Parts of runs."""

    list_display = ("run", "part", "client_id", "lines_history", "lines_events", "lines_output")
    list_select_related = ("run",)


@admin.register(RunFile)
class RunFileAdmin(ReadOnlyAdmin[RunFile]):
    """Files of runs."""

    list_display = ("path", "run", "kind", "size", "uploaded_at")
    list_select_related = ("run",)
