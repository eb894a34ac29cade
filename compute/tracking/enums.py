"""What a run and its parts can be; the transition table stands beside the status."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from institute.core.enums import Transitions


class RunStatus(models.TextChoices):
    """What the run says about itself; the job's own fate and hours are compute.jobs' matter."""

    PENDING = "pending", _("waiting for the first sign")
    RUNNING = "running", _("running")
    LOST = "lost", _("not heard of")
    FINISHED = "finished", _("finished")
    FAILED = "failed", _("failed")
    CRASHED = "crashed", _("crashed")
    PREEMPTED = "preempted", _("interrupted")
    STOPPED = "stopped", _("stopped")


ENDED = (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.CRASHED, RunStatus.PREEMPTED, RunStatus.STOPPED)
_FOLLOWERS = {RunStatus.FINISHED, RunStatus.FAILED, RunStatus.CRASHED, RunStatus.PREEMPTED, RunStatus.STOPPED}
# A job may end without its run ever having called (`pending` to an end); a new init brings any run back;
# an exit code that is known later corrects what the run said of itself.
TRANSITIONS: "Transitions[RunStatus]" = {
    RunStatus.PENDING: {RunStatus.RUNNING, *_FOLLOWERS},
    RunStatus.RUNNING: {RunStatus.LOST, *_FOLLOWERS},
    RunStatus.LOST: {RunStatus.RUNNING, *_FOLLOWERS},
    RunStatus.FINISHED: {RunStatus.RUNNING, *_FOLLOWERS} - {RunStatus.FINISHED},
    RunStatus.FAILED: {RunStatus.RUNNING, *_FOLLOWERS} - {RunStatus.FAILED},
    RunStatus.CRASHED: {RunStatus.RUNNING, *_FOLLOWERS} - {RunStatus.CRASHED},
    RunStatus.PREEMPTED: {RunStatus.RUNNING, RunStatus.STOPPED},
    RunStatus.STOPPED: {RunStatus.RUNNING},
}
# The SDK's own words; `wait_until_finished` ends only on finished, crashed and failed.
STATE_FOR_SDK = {RunStatus.STOPPED: "failed", RunStatus.LOST: "running"}


class Stream(models.TextChoices):
    """The two streams of numbers: what the training logs and what the machine says."""

    HISTORY = "history", _("metrics")
    EVENTS = "events", _("system metrics")


class ValueKind(models.TextChoices):
    FLOAT = "float", _("number")
    INT = "int", _("whole number")
    BOOL = "bool", _("yes or no")
    OBJECT = "object", _("object")


class Encoding(models.TextChoices):
    """f8: little-endian float64; json: a JSON list of texts, each the JSON of one value."""

    F8 = "f8", "f8"
    JSON = "json", "json"


class FileKind(models.TextChoices):
    FILE = "file", _("file")
    MEDIA = "media", _("media")
    MANIFEST = "manifest", _("manifest")
    ARTIFACT = "artifact", _("artifact")
