"""What a job and its parts can be; the transition table of each status stands beside it."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from institute.core.enums import Transitions


class JobStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    SUCCEEDED = "succeeded", _("succeeded")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


JOB_OVER = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED)
JOB_TRANSITIONS: "Transitions[JobStatus]" = {
    JobStatus.WAITING: {JobStatus.RUNNING, *JOB_OVER},
    JobStatus.RUNNING: {JobStatus.WAITING, *JOB_OVER},
    JobStatus.SUCCEEDED: set(),
    JobStatus.FAILED: set(),
    JobStatus.CANCELLED: set(),
}


class AttemptStatus(models.TextChoices):
    """queued and admitted exist only where a cluster has a queue of its own."""

    PLANNED = "planned", _("planned")
    SUBMITTED = "submitted", _("submitted")
    QUEUED = "queued", _("queued")
    ADMITTED = "admitted", _("admitted")
    STARTING = "starting", _("starting")
    RUNNING = "running", _("running")
    SUCCEEDED = "succeeded", _("succeeded")
    FAILED = "failed", _("failed")
    EVICTED = "evicted", _("interrupted")
    LOST = "lost", _("lost")
    CANCELLED = "cancelled", _("cancelled")


ATTEMPT_OVER = (
    AttemptStatus.SUCCEEDED,
    AttemptStatus.FAILED,
    AttemptStatus.EVICTED,
    AttemptStatus.LOST,
    AttemptStatus.CANCELLED,
)
ATTEMPT_OPEN = (
    AttemptStatus.PLANNED,
    AttemptStatus.SUBMITTED,
    AttemptStatus.QUEUED,
    AttemptStatus.ADMITTED,
    AttemptStatus.STARTING,
    AttemptStatus.RUNNING,
)
# A step that nobody saw may be skipped; a cluster may put what it admitted back into its queue.
ATTEMPT_TRANSITIONS: "Transitions[AttemptStatus]" = {
    **{status: {*ATTEMPT_OPEN[place + 1 :], *ATTEMPT_OVER} for place, status in enumerate(ATTEMPT_OPEN)},
    **{
        status: {*ATTEMPT_OPEN[ATTEMPT_OPEN.index(status) + 1 :], *ATTEMPT_OVER, AttemptStatus.QUEUED}
        for status in (AttemptStatus.ADMITTED, AttemptStatus.STARTING, AttemptStatus.RUNNING)
    },
    **{status: set() for status in ATTEMPT_OVER},
}
PROGRESS = {status: place for place, status in enumerate(ATTEMPT_OPEN)}


class FailureClass(models.TextChoices):
    """Why an attempt did not succeed: the taxonomy of the backends, with words for people."""

    USER_CODE = "user-code", _("the recipe's code failed")
    USER_CONFIG = "user-config", _("the inputs were refused")
    OOM = "oom", _("out of memory")
    IMAGE = "image", _("the environment could not be loaded")
    QUOTA = "quota", _("the cluster did not admit it")
    PREEMPTED = "preempted", _("interrupted")
    NODE_LOST = "node-lost", _("the host was lost")
    ACCELERATOR_FAULT = "accelerator-fault", _("an accelerator failed")
    NETWORK = "network", _("the processes lost each other")
    STORAGE = "storage", _("the disk limit was met")
    DEADLINE = "deadline", _("the time limit was met")
    WINDOW_END = "window-end", _("the pledge's window ended")
    WITHDRAWN = "withdrawn", _("the pledge was withdrawn")
    CLUSTER_LOST = "cluster-lost", _("the cluster was lost")
    PLATFORM = "platform", _("a fault of the platform")


class CheckpointKind(models.TextChoices):
    CHECKPOINT = "checkpoint", _("checkpoint")
    OUTPUT = "output", _("output")


class FileKind(models.TextChoices):
    """An uploaded file becomes an output file when a manifest that names it is accepted."""

    INPUT = "input", _("input")
    UPLOADED = "uploaded", _("uploaded")
    OUTPUT = "output", _("output")


class LeaseState(models.TextChoices):
    STARTING = "starting", _("starting")
    RUNNING = "running", _("running")
    ENDING = "ending", _("ending")


class Evidence(models.TextChoices):
    """How the end of a stretch of use is known."""

    OBSERVED = "observed", _("seen running")
    REPORTED = "reported", _("reported by the host")
    LAST_SEEN = "last-seen", _("last sign of life")


class SliceStatus(models.TextChoices):
    PROVISIONAL = "provisional", _("provisional")
    SETTLED = "settled", _("settled")
    DISPUTED = "disputed", _("disputed")


SLICE_TRANSITIONS: "Transitions[SliceStatus]" = {
    SliceStatus.PROVISIONAL: {SliceStatus.SETTLED, SliceStatus.DISPUTED},
    SliceStatus.SETTLED: {SliceStatus.DISPUTED},
    SliceStatus.DISPUTED: {SliceStatus.PROVISIONAL, SliceStatus.SETTLED},
}
