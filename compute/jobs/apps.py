"""Jobs, their attempts and their metering."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from compute.jobs.enums import AttemptStatus, JobStatus
from institute.core.ui import badges, navigation
from institute.core.ui.navigation import Door, NavItem


class JobsConfig(AppConfig):
    name = "compute.jobs"
    label = "jobs"
    verbose_name = _("jobs")

    def ready(self) -> None:
        badges.register(
            JobStatus,
            {
                JobStatus.WAITING: "rest",
                JobStatus.RUNNING: "busy",
                JobStatus.SUCCEEDED: "ok",
                JobStatus.FAILED: "bad",
                JobStatus.CANCELLED: "rest",
            },
        )
        badges.register(
            AttemptStatus,
            {
                AttemptStatus.PLANNED: "rest",
                AttemptStatus.SUBMITTED: "busy",
                AttemptStatus.QUEUED: "rest",
                AttemptStatus.ADMITTED: "busy",
                AttemptStatus.STARTING: "busy",
                AttemptStatus.RUNNING: "busy",
                AttemptStatus.SUCCEEDED: "ok",
                AttemptStatus.FAILED: "bad",
                AttemptStatus.EVICTED: "warn",
                AttemptStatus.LOST: "warn",
                AttemptStatus.CANCELLED: "rest",
            },
        )
        navigation.register(
            NavItem(_("Jobs"), "jobs:job-list", Door.RESEARCH, "jobs.list_jobs", order=30),
            NavItem(_("Jobs"), "jobs:job-list", Door.STAFF, "allocations.decide_request", order=50),
        )
