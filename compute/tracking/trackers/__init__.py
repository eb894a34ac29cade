"""Trackers that a job may report to, each behind the same Protocol."""
