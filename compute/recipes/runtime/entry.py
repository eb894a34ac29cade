"""The frame around every `train.py`: signals, inputs, exit code and last line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from compute.recipes.base import Recipe
from compute.recipes.runtime.exits import Exit, RecipeExit, RunAgain
from compute.recipes.runtime.job import Job, read_job
from compute.recipes.runtime.log import say
from compute.recipes.runtime.output import Output
from compute.recipes.runtime.stopping import Stop


def run(recipe: Recipe, train: Callable[[Job, Stop], None]) -> NoReturn:
    """Read the job, train, and leave with the code the platform understands.

    What is no RecipeExit is a fault in the recipe: it shows its traceback and exits 1.
    """
    stop = Stop()
    stop.install()
    try:
        job = read_job(recipe, os.environ)
        if Output(job).is_committed():
            say("The output of this attempt is committed already.")
        else:
            train(job, stop)
    except RecipeExit as end:
        _leave(end.code, end.line)
    except RunAgain as end:
        _leave(Exit.RUN_AGAIN, f"Run again: {end}.")
    except KeyboardInterrupt:
        _leave(Exit.RUN_AGAIN, "Run again: interrupted.")
    _leave(Exit.DONE, "")


def _leave(code: Exit, line: str) -> NoReturn:
    sys.stdout.flush()
    if line:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    # Libraries' threads and exit hooks must not change the code, nor print after the last line.
    os._exit(code)
