from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.jobs.enums import ATTEMPT_OPEN
from compute.jobs.events import JobStopRequested
from compute.jobs.models import Job
from institute.core import audit, live
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.core.outbox import publish

LONGEST_REASON = 2000


def request_stop(*, job: Job, by: Actor, reason: str = "", now: datetime | None = None) -> Job:
    """Ask a job to checkpoint and end. It is cancelled once nothing of it runs; what it did not use goes back.

    Asking again changes nothing. Raises Conflict once the job is over, Refused for an overlong reason.
    """
    now = now or timezone.now()
    if len(reason) > LONGEST_REASON:
        raise Refused(_("A reason has at most 2,000 characters."), field="reason", rule="length")
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if job.is_over:
            raise Conflict(
                _("“%(job)s” is over and cannot be stopped.") % {"job": job},
                rule="job-over",
                way_out=_("Reload the page to see how it ended."),
            )
        if job.stop_requested_at is None:
            job.stop_requested_at, job.stop_requested_by, job.stop_reason = now, str(by), reason.strip()
            job.save(update_fields=["stop_requested_at", "stop_requested_by", "stop_reason"])
            job.attempts.filter(status__in=ATTEMPT_OPEN).update(next_check_at=now)
            audit.record(by=by, action="job.stop", subject=job, details={"reason": job.stop_reason})
            publish(JobStopRequested(job.public_id), subject=job.public_id, by=by)
            live.hint(job.public_id, "status")
    return job
