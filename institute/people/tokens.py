"""The form of our tokens: `<prefix>-<40 of [A-Za-z0-9_]>`, which every release of the wandb client accepts."""

import hashlib
import re
import secrets
import string

ALPHABET = string.ascii_letters + string.digits + "_"
SECRET_LENGTH = 40
TOKEN_FORM = re.compile(r"[A-Za-z0-9_]{1,32}-[A-Za-z0-9_]{40}")
MASKED = re.compile(r"\b([A-Za-z0-9_]{1,32})-[A-Za-z0-9_]{40}\b")


def new_token(prefix: str) -> str:
    """A fresh token; dashes of the prefix are dropped, since clients split at the first one."""
    cleaned = re.sub(r"[^A-Za-z0-9_]", "", prefix)[:32] or "hw"
    return cleaned + "-" + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))


def fingerprint(token: str) -> str:
    """The SHA-256 by which a token is stored and found."""
    return hashlib.sha256(token.encode()).hexdigest()


def mask(text: str) -> str:
    """`text` with every token-shaped word reduced to its prefix."""
    return MASKED.sub(r"\1-…", text)
