"""The processes that serve the platform, as commands: what each is stands in deploy/README.md."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from signal import Signals

from deploy.processes import Program

REPOSITORY = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
WEB_WORKERS = 2


def web(port: int) -> Program:
    """gunicorn on loopback. SIGQUIT: on SIGTERM it waits its whole graceful timeout while streams are open."""
    command = (
        *(PYTHON, "-m", "gunicorn", "institute.asgi:application", "--worker-class", "asgi"),
        *("--workers", str(WEB_WORKERS), "--bind", f"127.0.0.1:{port}", "--no-control-socket"),
        # Longer than clients pause between two requests: at 2 s, the default, a poll every 2 s meets a closing line.
        *("--graceful-timeout", "5", "--keep-alive", "65", "--chdir", str(REPOSITORY)),
    )
    return Program("web", command, stop_steps=((Signals.SIGQUIT, 5.0),))


def worker() -> Program:
    """Celery's worker; it may finish the tasks in hand for a moment, what is cut off is found by the sweeps."""
    command = (*_celery(), "worker", "--concurrency", "2", "--loglevel", "info")
    return Program(
        "worker",
        (*command, "--without-gossip", "--without-mingle", "--without-heartbeat"),
        stop_steps=((Signals.SIGTERM, 6.0), (Signals.SIGQUIT, 2.0)),
    )


def beat(folder: Path) -> Program:
    """The clock that sends the sweeps; exactly one runs."""
    schedule = folder / "run" / "beat-schedule"
    return Program("beat", (*_celery(), "beat", "--loglevel", "info", "--schedule", str(schedule), "--pidfile="))


def manage(*words: str) -> tuple[str, ...]:
    """A command of manage.py."""
    return (PYTHON, str(REPOSITORY / "manage.py"), *words)


def stop_jobs(folder: Path) -> Program:
    """Asks the local jobs to checkpoint and end. It needs no Django, whose start would take longer than the rest."""
    return Program("stop-jobs", (PYTHON, "-m", "compute.jobs.backends.local.stop", str(folder / "jobs")))


def child_environment(own: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment and `own`, with this checkout importable wherever the child starts."""
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONUNBUFFERED": "1", **own, "PYTHONPATH": path}


def _celery() -> tuple[str, ...]:
    return (PYTHON, "-m", "celery", "--app", "institute.celery", "--workdir", str(REPOSITORY))
