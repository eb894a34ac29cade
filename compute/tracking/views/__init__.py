"""Pages of runs."""

from compute.tracking.views.detail import (
    run_curves,
    run_detail,
    run_file,
    run_live,
    run_log,
    run_log_text,
    run_panel,
    run_stop,
)
from compute.tracking.views.listing import run_list
from compute.tracking.views.series import run_series

__all__ = [
    "run_curves",
    "run_detail",
    "run_file",
    "run_list",
    "run_live",
    "run_log",
    "run_log_text",
    "run_panel",
    "run_series",
    "run_stop",
]
