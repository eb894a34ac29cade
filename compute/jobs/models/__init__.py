"""A job, its attempts, and what each attempt used, wrote and said."""

from compute.jobs.models.attempt import Attempt
from compute.jobs.models.checkpoint import JobCheckpoint
from compute.jobs.models.file import JobFile
from compute.jobs.models.job import Job
from compute.jobs.models.lease import AttemptLease
from compute.jobs.models.log import PodLog
from compute.jobs.models.metering import PodSegment, UsageSlice

__all__ = [
    "Attempt",
    "AttemptLease",
    "Job",
    "JobCheckpoint",
    "JobFile",
    "PodLog",
    "PodSegment",
    "UsageSlice",
]
