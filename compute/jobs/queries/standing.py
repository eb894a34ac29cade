"""How a job stands, in one sentence that people understand."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from compute.jobs.enums import AttemptStatus, FailureClass, JobStatus
from compute.jobs.models import Attempt, Job

EXIT_SENTENCES: dict[int, str | Promise] = {
    0: gettext_lazy("Training finished and its output is kept."),
    64: gettext_lazy("The recipe refused its inputs. Correct the named field and submit again."),
    65: gettext_lazy("The data cannot be used for training. Look at the data set or lower the learning rate."),
    66: gettext_lazy("An input file is missing or differs from what was promised."),
    75: gettext_lazy("Training saved a checkpoint and can go on from there."),
    77: gettext_lazy("A licence or a right does not allow this job."),
    78: gettext_lazy("This cannot run here: memory, device or library are missing."),
    134: gettext_lazy("The processes of the job lost each other."),
    137: gettext_lazy("The process was killed: it used more memory than it asked for, or the host ended it."),
}
OTHER_EXIT = gettext_lazy("The recipe's code ended with an error. The last lines of the log say more.")
_WAITS: dict[str, str | Promise] = {
    "": gettext_lazy("It is about to be placed."),
    "no-cluster": gettext_lazy("It waits: no cluster that its hours may be used on takes jobs now."),
    "hours": gettext_lazy("It waits: its allocation has too few usable hours for another attempt."),
}
_ENDS: dict[str, str | Promise] = {
    "stopped": gettext_lazy("It was stopped."),
    "waited-too-long": gettext_lazy("It waited longer than it was to wait."),
}


def place_in_queue(attempt: Attempt) -> int:
    """How many wait for a host of this type and were submitted before it, plus one."""
    ahead = Attempt.objects.filter(
        status=AttemptStatus.PLANNED,
        cluster__isnull=True,
        job__accelerator_type_id=attempt.job.accelerator_type_id,
        job_id__lt=attempt.job_id,
    )
    return ahead.count() + 1


def exit_sentence(attempt: Attempt) -> str | Promise:
    """What the exit code of an attempt means; "" without one."""
    if attempt.exit_code is None:
        return ""
    return EXIT_SENTENCES.get(attempt.exit_code, OTHER_EXIT)


def sentence_of(job: Job, attempt: Attempt | None) -> str:
    """How the job stands; `attempt` is its open one."""
    if job.is_over:
        return _over(job)
    if job.stop_requested_at is not None:
        return _("It was asked to stop and saves its work.")
    if attempt is None:
        return ""
    if attempt.is_unknown:
        return _("Its host does not answer; it may still be running.")
    if attempt.status == AttemptStatus.PLANNED:
        return _waiting(attempt)
    if attempt.status == AttemptStatus.RUNNING:
        return _("It trains.")
    return _("A host has it and gets ready.")


def _waiting(attempt: Attempt) -> str:
    if attempt.reason != "no-free-host":
        return str(_WAITS.get(attempt.reason, _WAITS[""]))
    number = place_in_queue(attempt)
    if number == 1:
        return _("It waits for a free host and is next in line.")
    return ngettext(
        "It waits for a free host; %(number)d job is before it.",
        "It waits for a free host; %(number)d jobs are before it.",
        number - 1,
    ) % {"number": number - 1}


def _over(job: Job) -> str:
    if job.status == JobStatus.SUCCEEDED:
        return _("It is done.")
    if job.reason in _ENDS:
        return str(_ENDS[job.reason])
    return _("It failed: %(why)s.") % {"why": FailureClass(job.reason).label}
