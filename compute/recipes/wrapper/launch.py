"""Between the wrapper and training, for a few milliseconds: set what must hold before the first line.

    python -m compute.recipes.wrapper.launch WRAPPER_PID ADDRESS_SPACE_BYTES PROGRAM ARGUMENT…

A `preexec_fn` would run Python in a forked copy of a process that has threads, which can deadlock. This
program is started cleanly instead and becomes training by `exec`; what it set survives that.
"""

from __future__ import annotations

import os
import resource
import sys

from compute.recipes.wrapper.processes import end_with_parent

EXIT_AGAIN = 75
EXIT_NOT_FOUND = 127


def main(arguments: list[str]) -> int:
    wrapper_pid, address_space_bytes, *command = arguments
    end_with_parent()
    if os.getppid() != int(wrapper_pid):
        return EXIT_AGAIN  # the wrapper died before its death could be signalled
    if int(address_space_bytes) > 0:
        _, ceiling = resource.getrlimit(resource.RLIMIT_AS)
        limit = int(address_space_bytes)
        if ceiling != resource.RLIM_INFINITY:
            limit = min(limit, ceiling)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        os.execvp(command[0], command)  # noqa: S606 (an argument list)
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error}\n")
        return EXIT_NOT_FOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
