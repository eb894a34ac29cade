"""The folder that one platform on this machine keeps everything in: lock, addresses and secrets, logs."""

import fcntl
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deploy.errors import StartRefused


@dataclass(frozen=True)
class DataFolder:
    """A locked data folder; the lock goes with the process, however it ends."""

    path: Path
    lock: IO[str]

    @property
    def env_file(self) -> Path:
        return self.path / "env"

    def remembered(self) -> dict[str, str]:
        """What the last start wrote into `env`."""
        return read_env(self.env_file) if self.env_file.exists() else {}

    def remember(self, values: Mapping[str, str]) -> None:
        """Write `env`: `export` lines for a shell, readable by the owner only, replaced in one step."""
        unfinished = self.path / "env.new"
        unfinished.unlink(missing_ok=True)
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in values.items()]
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.writelines(lines)
        unfinished.replace(self.env_file)


def open_data_folder(path: Path) -> DataFolder:
    """Create the folder if need be and take its lock.

    Raises StartRefused when another platform runs on it or it cannot be written.
    """
    path = path.expanduser().absolute()
    try:
        if not path.exists():
            path.mkdir(parents=True)
            # Root lends PostgreSQL the user nobody, who must pass through; what lies inside is closed by itself.
            path.chmod(0o711 if os.getuid() == 0 else 0o700)
        path = path.resolve()
        for private in ("logs", "run", "static", "storage"):
            (path / private).mkdir(mode=0o700, exist_ok=True)
        lock = (path / "lock").open("w")
    except OSError as error:
        raise StartRefused(f"The data folder {path} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StartRefused(
            f"Another platform is running on {path}: stop it first, or choose another folder with data=DIR."
        ) from None
    return DataFolder(path, lock)


def read_env(file: Path) -> dict[str, str]:
    """The values of an env file."""
    words = (word for line in file.read_text().splitlines() for word in shlex.split(line, comments=True))
    pairs = (word.partition("=") for word in words if word != "export")
    return {name: value for name, _, value in pairs}
