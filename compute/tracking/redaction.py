"""What never enters the tables: keys that somebody printed, and what the SDK tells of a person unasked."""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

HIDDEN = "[redacted]"
_SECRETS = re.compile(
    r"""
    \b(?P<ours>[A-Za-z0-9_]{1,32})-[A-Za-z0-9_]{40,}\b         # ours, and wandb's newer keys
  | \b(?:hf|api_org)_[A-Za-z0-9]{30,}\b                        # Hugging Face
  | \b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{30,}\b             # GitHub
  | \bglpat-[A-Za-z0-9_-]{20,}                                 # GitLab
  | \bsk-[A-Za-z0-9_-]{20,}                                    # OpenAI, Anthropic
  | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                              # AWS
  | \bAIza[A-Za-z0-9_-]{35}                                    # Google
  | \bxox[abprs]-[A-Za-z0-9-]{10,}                             # Slack
  | \beyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}   # a JWT
  | (?<=://)[^\s/:@]+:[^\s/@]+(?=@)                            # user:password@ in an address
  | (?<=WANDB_API_KEY=)[0-9a-f]{40}\b
    """,
    re.VERBOSE,
)
_QUICK = re.compile(r"[A-Za-z0-9_]{16}|[-_:@]")
# Of what the SDK tells about the machine, only what describes hardware and software stays.
MACHINE_FACTS = frozenset(
    [
        "os", "python", "startedAt", "cpu_count", "cpu_count_logical", "cpu", "memory", "disk", "gpu", "gpu_count",
        "gpu_nvidia", "gpu_amd", "gpu_apple", "apple", "cuda", "cudaVersion", "tpu", "trainium", "writerId",
    ]
)  # fmt: skip


def storable(text: str) -> str:
    """`text` without what PostgreSQL refuses: NUL, and halves of surrogate pairs."""
    if text.isascii():
        return text.replace("\x00", "")
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def redact(text: str) -> str:
    """`text` without anything that has the form of a secret."""
    text = storable(text)
    return _SECRETS.sub(HIDDEN, text) if _QUICK.search(text) else text


def clean(value: Any) -> Any:
    """A JSON value with every text redacted and numbers beyond JSON as the texts "NaN", "Infinity", "-Infinity"."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {redact(str(name)): clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def only_machine_facts(facts: Any) -> dict[str, Any]:
    """The facts of `wandb-metadata.json` that tell nothing of a person or a folder."""
    if not isinstance(facts, Mapping):
        return {}
    return {name: value for name, value in facts.items() if name in MACHINE_FACTS}


def clean_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The SDK's config (`{"lr": {"value": 0.1}}`) as plain values; of `_wandb` only what the protocol needs."""
    plain: dict[str, Any] = {}
    for name, entry in config.items():
        value = entry["value"] if isinstance(entry, Mapping) and "value" in entry else entry
        if name == "_wandb":
            value = _clean_internal(value)
        plain[redact(str(name))] = clean(value)
    return plain


def _clean_internal(internal: Any) -> dict[str, Any]:
    if not isinstance(internal, Mapping):
        return {}
    kept = {name: value for name, value in internal.items() if name in {"t", "m", "branch_point", "cli_version"}}
    writers = internal.get("e")
    if isinstance(writers, Mapping):
        kept["e"] = {str(writer): only_machine_facts(facts) for writer, facts in writers.items()}
    return kept


def clean_file(path: str, content: bytes) -> bytes:
    """The content of a file that the SDK writes by itself, redacted; others are kept to the bit.

    Content that is not what the name promises is replaced by nothing rather than kept unread.
    """
    try:
        text = content.decode()
        if path == "wandb-metadata.json":
            return json.dumps(clean(only_machine_facts(json.loads(text))), indent=2).encode()
        if path == "config.yaml":
            config = yaml.safe_load(text)
            wrapped = {name: {"value": value} for name, value in clean_config(config or {}).items()}
            return yaml.safe_dump(wrapped).encode()
        return redact(text).encode()
    except (ValueError, AttributeError, yaml.YAMLError):
        return b""


WRITTEN_BY_SDK = frozenset({"wandb-metadata.json", "config.yaml", "output.log", "wandb-summary.json"})
