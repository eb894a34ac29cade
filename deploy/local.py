"""The platform on this machine, in the foreground: `python -m deploy.local [--data DIR] [--port N] [--demo [--once]]`.

Ctrl-C or SIGTERM stops everything in order. Exit code 0 after a wanted stop, 1 when it could not start or a
process died, the demo's own with --once.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy import programs
from deploy.data_folder import open_data_folder
from deploy.errors import StartRefused
from deploy.platform import Platform, ProcessDied, Stopped
from deploy.processes import describe_exit, run_attached


def main(words: Sequence[str] | None = None) -> int:
    options = _options(words)
    stop_asked = _listen_for_stop()
    try:
        folder = open_data_folder(options.data)
    except StartRefused as refusal:
        return _fail(str(refusal))
    platform = Platform(folder=folder, port=options.port, say=_say, stopping=lambda: bool(stop_asked))
    code = 0
    try:
        began = time.monotonic()
        _say(f"Starting in {folder.path} …")
        platform.start()
        _say(f"Running at {platform.url} after {time.monotonic() - began:.1f} s. Logs: {folder.path}/logs.")
        if options.demo:
            code = _demo(platform)
        if not options.once and code == 0:
            _say("Ctrl-C stops everything.")
            platform.watch()
    except (StartRefused, ProcessDied) as error:
        code = _fail(str(error))
    except Stopped:
        code = 1 if options.once else 0
    finally:
        _say("Stopping …")
        platform.stop()
    _say("Stopped.")
    return code


def _demo(platform: Platform) -> int:
    """Play the chain against the running platform, in this terminal. Anything but success ends the platform."""
    code = run_attached(programs.manage("demo"), env=platform.environment, pause=platform.check)
    if code:
        _fail(f"The demo {describe_exit(code)}.")
    return code if code >= 0 else 1


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy.local", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(".data"), help="data folder (default .data)")
    parser.add_argument("--port", type=int, default=8000, help="web port (default 8000)")
    parser.add_argument("--demo", action="store_true", help="then play the chain from pledge to public model")
    parser.add_argument("--once", action="store_true", help="with --demo: stop afterwards with the demo's exit code")
    return parser.parse_args(words)


def _listen_for_stop() -> list[int]:
    """A list that is empty until a signal asks to stop. More signals change nothing: stopping is under way."""
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: asked.append(received))
    return asked


def _say(line: str) -> None:
    print(line, flush=True)


def _fail(message: str) -> int:
    print(message, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
