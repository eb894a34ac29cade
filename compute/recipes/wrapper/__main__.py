"""The wrapper as a program.

    python -m compute.recipes.wrapper [--detach] [--ready-fd N] RUN_FOLDER

Run it from the code root. `--detach` leaves the caller at once: its child has been disowned and needs no
reaping by whoever called. One line is written to descriptor N when the folder is held and `run.json`
says so. Exit code: that of the attempt, or 3 if the folder is held or was run before.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from pathlib import Path

from compute.recipes.wrapper.folder import AlreadyRunning, RunFolder, read_json
from compute.recipes.wrapper.plan import read_plan
from compute.recipes.wrapper.supervisor import Supervisor

EXIT_REFUSED = 3
log = logging.getLogger("wrapper")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="wrapper")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--detach", action="store_true")
    parser.add_argument("--ready-fd", type=int)
    options = parser.parse_args(arguments)
    if options.detach:
        if os.fork():
            os._exit(0)
        os.setsid()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)sZ %(levelname)s %(message)s")
    logging.Formatter.converter = time.gmtime
    try:
        return run(RunFolder(options.folder.resolve()), options.ready_fd)
    except AlreadyRunning as error:
        log.error("%s", error)
        return EXIT_REFUSED


def run(folder: RunFolder, ready_fd: int | None) -> int:
    folder.take_lock()  # held by the open descriptor until this process ends
    plan = read_plan(folder)
    os.chdir(plan.code_root)
    supervisor = Supervisor(folder, plan)
    supervisor.begin()
    if ready_fd is not None:
        os.write(ready_fd, b"ready\n")
        os.close(ready_fd)
    supervisor.run()
    return int((read_json(folder.exit) or {}).get("code", 1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
