"""Attempts as child processes of this host, for people who trust each other. See RUNNING: local jobs."""

from compute.jobs.backends.local.backend import LocalBackend
from compute.jobs.backends.local.ending import StoppedAttempt, stop_all

__all__ = ["LocalBackend", "StoppedAttempt", "stop_all"]
