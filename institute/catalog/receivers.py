"""What the catalogue does when a job hands its output in."""

from compute.jobs.events import OutputCommitted
from compute.jobs.models import Job
from institute.catalog import actions
from institute.core.actors import SYSTEM_RELAY
from institute.core.outbox import Delivery, receives


@receives(OutputCommitted, is_effect=True)
def make_candidate(event: OutputCommitted, delivery: Delivery) -> None:
    """Where the job asks for it, copy its output into the catalogue as a candidate revision.

    An effect, because copying takes as long as the files are large; idempotent, because a job has one revision.
    """
    job = Job.objects.select_related("project", "allocation", "accelerator_type").get(public_id=event.job_id)
    if job.inputs.get("publish_on_success") is True:
        actions.draft_revision_from_job(job=job, by=SYSTEM_RELAY, as_candidate=True, now=delivery.published_at)
