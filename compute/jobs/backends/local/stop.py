"""Ask every job of this host to checkpoint and end: `python -m compute.jobs.backends.local.stop FOLDER [--grace S]`.

Run by whoever stops the platform. FOLDER is where the jobs lie. Prints one JSON object for each job that ran.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from compute.jobs.backends.local.ending import stop_all

GRACE_S = 30.0


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="stop", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the jobs of this host lie")
    parser.add_argument("--grace", type=float, default=GRACE_S, help="seconds until what is left is killed")
    options = parser.parse_args(words)
    for stopped in stop_all(options.folder, options.grace):
        sys.stdout.write(json.dumps(asdict(stopped)) + "\n")


if __name__ == "__main__":
    main()
