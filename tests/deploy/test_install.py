"""What a machine lacks is named in one sentence; what is installed is not installed again."""

import hashlib
import os
import shutil
import subprocess
import sys

import pytest

from deploy.programs import REPOSITORY

TOOLS = ("sh", "bash", "dirname", "mkdir", "cat", "rm", "env", "flock", "git")


@pytest.fixture
def machine(tmp_path):
    """A copy of the scripts and a PATH with nothing but the simplest tools and this Python."""
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(found)
    (tmp_path / "bin" / "python3.11").symlink_to(sys.executable)
    for folder in ("requirements", ".ci"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    return tmp_path


def run(machine, *command):
    return subprocess.run(
        [str(machine / command[0]), *command[1:]],
        env={"PATH": str(machine / "bin"), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )


def script(machine, name, text):
    path = machine / "bin" / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_missing_git_is_named(machine):
    (machine / "bin" / "git").unlink()
    done = run(machine, "requirements/install.sh", ".venv", "web", "dev")
    assert (done.returncode, done.stderr) == (
        1,
        "Headwaters needs git: install it (on Debian: apt-get install git).\n",
    )


def test_missing_python_is_named(machine):
    (machine / "bin" / "python3.11").unlink()
    done = run(machine, "requirements/install.sh", ".venv", "web", "dev")
    assert (done.returncode, done.stderr) == (
        1,
        "Headwaters needs Python 3.11: install it (on Debian 12: apt-get install python3.11).\n",
    )


def test_missing_venv_module_is_named(machine):
    script(machine, "python3.11", f'case "$2" in *ensurepip*) exit 1;; esac; exec "{sys.executable}" "$@"')
    done = run(machine, "requirements/install.sh", ".venv", "web", "dev")
    assert (done.returncode, done.stderr) == (
        1,
        "Headwaters needs Python's venv module: install it (on Debian 12: apt-get install python3.11-venv).\n",
    )


def test_missing_make_is_named(machine):
    done = run(machine, ".ci/run")
    assert (done.returncode, done.stderr) == (
        1,
        "Headwaters needs make: install it (on Debian: apt-get install make).\n",
    )


@pytest.mark.parametrize("held", ["web", "dev"])
def test_an_environment_that_holds_the_lock_is_left_alone(machine, held):
    (machine / ".venv").mkdir()
    digest = hashlib.sha256((machine / "requirements" / f"{held}.txt").read_bytes()).hexdigest()
    (machine / ".venv" / ".installed").write_text(f"{digest}\n")
    done = run(machine, "requirements/install.sh", ".venv", "web", "dev")
    assert (done.returncode, done.stderr) == (0, "")


def test_no_lock_names_where_packages_come_from():
    locks = [*(REPOSITORY / "requirements").glob("*.txt"), REPOSITORY / "package-lock.json"]
    assert len(locks) > 5
    assert [lock.name for lock in locks if "://" in lock.read_text()] == []
