"""PostgreSQL refuses to run as root, so root lends it another identity."""

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import StartRefused

NOBODY = 65534
NAMESPACE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")


@dataclass(frozen=True)
class Identity:
    """`prefix` goes before the command, `uid` (if any) is what the child becomes and what owns its folder."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None

    def take(self, folder: Path) -> None:
        """Make `folder` and all in it belong to this identity (only root can, only root must)."""
        owner = self.uid if self.uid is not None else os.getuid()
        if folder.stat().st_uid == owner:
            return
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, owner, owner if self.uid is not None else os.getgid(), follow_symlinks=False)


def identity_for(*, folder: Path, programs: Sequence[Path]) -> Identity:
    """Who may run `programs` with its data below `folder`.

    An ordinary caller stays who they are. Root becomes `nobody` where that user can enter the folders;
    where only root may enter, a user namespace shows the process another uid while its files stay root's.
    """
    if os.getuid() != 0:
        return Identity()
    if _nobody_reaches(folder, programs):
        return Identity(uid=NOBODY)
    if _namespaces_work():
        return Identity(prefix=NAMESPACE)
    raise StartRefused(
        f"PostgreSQL does not run as root and the user nobody cannot enter {folder} or {programs[0].parent}: "
        "start as an ordinary user, or let others enter these folders (chmod o+x)."
    )


def _nobody_reaches(folder: Path, programs: Sequence[Path]) -> bool:
    checks = ["test", "-x", str(folder), *(word for path in programs for word in ("-a", "-x", str(path)))]
    try:
        done = subprocess.run(checks, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", check=False)
    except OSError:  # a container that knows no such user
        return False
    return done.returncode == 0


@functools.cache
def _namespaces_work() -> bool:
    if shutil.which(NAMESPACE[0]) is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
