"""Runs and what they told us: points in chunks, never a row per point."""

from compute.tracking.models.file import RunFile
from compute.tracking.models.log import LogChunk
from compute.tracking.models.metric import MetricChunk, MetricKey
from compute.tracking.models.run import Run, RunProject
from compute.tracking.models.writer import RunWriter

__all__ = ["LogChunk", "MetricChunk", "MetricKey", "Run", "RunFile", "RunProject", "RunWriter"]
