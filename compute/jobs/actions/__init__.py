"""What changes jobs."""

from compute.jobs.actions.captures import capture_due
from compute.jobs.actions.checkpoints import Manifest, accept_checkpoint
from compute.jobs.actions.leases import LeaseAnswer, LeaseLost, grant_lease
from compute.jobs.actions.outputs import accept_output, store_output_file
from compute.jobs.actions.placement import place_attempts
from compute.jobs.actions.stop import request_stop
from compute.jobs.actions.submit import JobRefused, submit_job, warning_id
from compute.jobs.actions.sweep import Swept, sweep_jobs

__all__ = [
    "JobRefused",
    "LeaseAnswer",
    "LeaseLost",
    "Manifest",
    "Swept",
    "accept_checkpoint",
    "accept_output",
    "capture_due",
    "grant_lease",
    "place_attempts",
    "request_stop",
    "store_output_file",
    "submit_job",
    "sweep_jobs",
    "warning_id",
]
