"""The environment and the command line of a training process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from compute.recipes.wrapper.folder import RunFolder
from compute.recipes.wrapper.plan import JOB_TOKEN, Plan
from compute.recipes.wrapper.platform_api import LeaseAnswer
from compute.recipes.wrapper.processes import MARK

INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")
FIXED = {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "RANK": "0",
    "WORLD_SIZE": "1",
    "LOCAL_RANK": "0",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
}


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """What may pass from a parent: where programs are found and how text is written, never a secret."""
    return {name: environ[name] for name in INHERITED if name in environ}


def training_environment(plan: Plan, folder: RunFolder, lease: LeaseAnswer) -> dict[str, str]:
    """Everything that `train.py` may rely on. The job's own token is not among it: recipes know no platform."""
    work = str(folder.work)
    return {
        **inherited(os.environ),
        **FIXED,
        "HOME": work,
        "PYTHONPATH": str(plan.code_root),
        "OMP_NUM_THREADS": str(max(1, plan.cpu_millis // 1000)),
        "JAX_COMPILATION_CACHE_DIR": str(plan.cache / "jax"),
        "WANDB_DIR": work,
        "WANDB_CACHE_DIR": str(folder.work / ".wandb-cache"),
        "WANDB_CONFIG_DIR": str(folder.work / ".wandb-config"),
        "WANDB_DATA_DIR": str(folder.work / ".wandb-data"),
        **plan.env,
        **{name: value for name, value in plan.secrets.items() if name != JOB_TOKEN},
        MARK: plan.uid,
        "RECIPE_INPUTS": str(folder.recipe_inputs),
        "RECIPE_WORK": work,
        "RECIPE_CHECKPOINTS": str(plan.checkpoints),
        "RECIPE_OUTPUT": str(folder.output),
        "RECIPE_RESUME": resume_path(plan.checkpoints, lease),
        "RECIPE_FENCE": str(lease.fence),
        "RECIPE_LEASE": str(folder.lease),
        "RECIPE_GRACE_S": str(plan.grace_s),
    }


def resume_path(checkpoints: Path, lease: LeaseAnswer) -> str:
    """The manifest that the platform chose, as a path; "" to start from nothing."""
    if lease.resume is None:
        return ""
    kind, _, relative = str(lease.resume["location"]).partition(":")
    path = (checkpoints / relative / "manifest.json").resolve()
    if kind != "local" or not path.is_relative_to(checkpoints.resolve()):
        raise ValueError(f"a checkpoint at {lease.resume['location']!r} cannot be reached from here")
    return str(path)


def command_line(plan: Plan) -> list[str]:
    """The argument list; "python" stands for the environment's interpreter."""
    program, *arguments = plan.command
    return [plan.interpreter if program == "python" else program, *arguments]
