"""How a run ended, from what it says and from what its job's attempt came to."""

from compute.tracking.enums import ENDED, RunStatus

PREEMPTED_CLASSES = frozenset({"preempted", "node-lost", "window-end", "withdrawn", "cluster-lost"})
CRASHED_CLASSES = frozenset(
    {"oom", "platform", "image", "quota", "network", "storage", "deadline", "accelerator-fault"}
)


def said_by_run(
    status: RunStatus, *, exit_code: int | None, is_preempting: bool, is_stop_asked: bool, known_exit: int | None
) -> RunStatus | None:
    """The status after a post with `complete`; None if it stays.

    `known_exit` is an exit code that is held already: it comes from the cluster, which knows better, or from
    the same post sent before.
    """
    if status in ENDED:
        if known_exit is not None or status not in (RunStatus.CRASHED, RunStatus.FINISHED, RunStatus.FAILED):
            return None
    elif is_stop_asked:
        return RunStatus.STOPPED
    elif is_preempting:
        return RunStatus.PREEMPTED
    wanted = RunStatus.FAILED if exit_code else RunStatus.FINISHED
    return None if wanted == status else wanted


def seen_by_attempt(
    status: RunStatus, *, failure_class: str, exit_code: int | None, is_stop_asked: bool
) -> RunStatus | None:
    """The status after the job's attempt ended; None if it stays. A process that is gone ends its run."""
    if is_stop_asked:
        wanted = RunStatus.STOPPED
    elif failure_class in PREEMPTED_CLASSES:
        wanted = RunStatus.PREEMPTED
    elif failure_class in CRASHED_CLASSES:
        wanted = RunStatus.CRASHED
    elif failure_class or exit_code:
        wanted = RunStatus.FAILED
    else:
        wanted = RunStatus.FINISHED
    return None if wanted == status else wanted


def seen_by_job(status: RunStatus, *, job_status: str) -> RunStatus | None:
    """The status after the job is over, for a run that nothing else has ended; None if it stays."""
    if status in ENDED:
        return None
    by_job = {"succeeded": RunStatus.FINISHED, "cancelled": RunStatus.STOPPED}
    return by_job.get(job_status, RunStatus.CRASHED)
