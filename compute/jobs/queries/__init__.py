"""Questions about jobs."""

from compute.jobs.queries.account import JobAccount, account_of, payers_so_far, read_account
from compute.jobs.queries.jobs import (
    attempts_of,
    job_by_public_id,
    jobs_visible_to,
    open_attempt_of,
    read_attempts,
    with_attempt_counts,
    with_submitter,
)
from compute.jobs.queries.logs import LogText, log_from, log_size, log_tail
from compute.jobs.queries.metering import cell_seconds, sliced_of_attempt, sliced_of_job
from compute.jobs.queries.outputs import input_files, output_files, output_manifest, output_of
from compute.jobs.queries.proof import verify_hours
from compute.jobs.queries.standing import exit_sentence, place_in_queue, sentence_of

__all__ = [
    "JobAccount",
    "LogText",
    "account_of",
    "attempts_of",
    "cell_seconds",
    "exit_sentence",
    "input_files",
    "job_by_public_id",
    "jobs_visible_to",
    "log_from",
    "log_size",
    "log_tail",
    "open_attempt_of",
    "output_files",
    "output_manifest",
    "output_of",
    "payers_so_far",
    "place_in_queue",
    "read_account",
    "read_attempts",
    "sentence_of",
    "sliced_of_attempt",
    "sliced_of_job",
    "verify_hours",
    "with_attempt_counts",
    "with_submitter",
]
