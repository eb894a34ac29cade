"""Git's objects and their ids, byte for byte (gitformat-pack(5), gitattributes(5), Git LFS specification v1)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

FILE = "100644"
EXECUTABLE = "100755"
FOLDER = "40000"

LFS_FROM_BYTES = 10 * 1024 * 1024
SAMPLE_BYTES = 8000  # how far git looks for a NUL before it calls a file binary

ATTRIBUTES = ".gitattributes"
LFS_SUFFIXES = (
    *("7z", "arrow", "bin", "bz2", "ckpt", "gguf", "gz", "h5", "joblib", "model", "msgpack", "npy", "npz"),
    *("onnx", "parquet", "pdf", "pt", "pth", "safetensors", "tar", "tgz", "wasm", "xz", "zip", "zst"),
)
LFS_WORDS = "filter=lfs diff=lfs merge=lfs -text"


def object_id(kind: str, body: bytes) -> str:
    """The id of a git object: SHA-1 over its kind, length and body."""
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body, usedforsecurity=False).hexdigest()


def blob_digest(size: int) -> "hashlib._Hash":
    """A running id of a file of `size` bytes: feed it the content."""
    return hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)


def lfs_pointer(sha256: str, size: int) -> bytes:
    """The text that stands in git for a large file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def lfs_pointer_id(sha256: str, size: int) -> str:
    """The id of that text as a git object."""
    return object_id("blob", lfs_pointer(sha256, size))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree."""

    mode: str
    name: str
    sha1: str


def tree_body(entries: Iterable[Entry]) -> bytes:
    """A tree's bytes: folders sort as if their name ended in a slash."""
    ordered = sorted(entries, key=lambda entry: (entry.name + "/" if entry.mode == FOLDER else entry.name).encode())
    return b"".join(
        entry.mode.encode() + b" " + entry.name.encode() + b"\0" + bytes.fromhex(entry.sha1) for entry in ordered
    )


def tree_id(entries: Iterable[Entry]) -> str:
    """The id of a tree."""
    return object_id("tree", tree_body(entries))


@dataclass(frozen=True, slots=True)
class Signature:
    """Who, and when to the second with the zone's offset as git writes it ("+0100")."""

    name: str
    email: str
    at: datetime
    zone: str = "+0000"

    def __str__(self) -> str:
        return f"{clean(self.name)} <{clean(self.email)}> {int(self.at.timestamp())} {self.zone}"


def clean(text: str) -> str:
    """A name as git accepts it: without angle brackets and line ends, never empty."""
    return "".join(character for character in text if character not in "<>\n\0").strip() or "unknown"


def commit_body(*, tree: str, parents: Sequence[str], author: Signature, committer: Signature, message: str) -> bytes:
    """A commit's bytes."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {author}", f"committer {committer}"]
    return ("\n".join(lines) + "\n\n" + message).encode()


def commit_id(*, tree: str, parents: Sequence[str], author: Signature, committer: Signature, message: str) -> str:
    """The id of a commit."""
    body = commit_body(tree=tree, parents=parents, author=author, committer=committer, message=message)
    return object_id("commit", body)


def is_text(sample: bytes) -> bool:
    """Git's own test of a file's start: text holds no NUL."""
    return b"\0" not in sample[:SAMPLE_BYTES]


def is_large(path: str, size: int, *, text: bool) -> bool:
    """Whether a file is kept as an LFS pointer: by its kind, its size, or because it is no text."""
    return suffix_of(path) in LFS_SUFFIXES or size > LFS_FROM_BYTES or not text


def suffix_of(path: str) -> str:
    """ "safetensors" for "a/model.safetensors", "" where there is none."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def attributes_text(large_paths: Iterable[str]) -> str:
    """`.gitattributes` naming every kind of large file, and each path that no kind covers."""
    kinds = [f"*.{suffix} {LFS_WORDS}" for suffix in LFS_SUFFIXES]
    odd = [f"/{_escape(path)} {LFS_WORDS}" for path in sorted(large_paths) if suffix_of(path) not in LFS_SUFFIXES]
    return "\n".join([*kinds, *odd]) + "\n"


def _escape(path: str) -> str:
    # Patterns end at white space and know wildcards; `?` and `[x]` stand for exactly such a character.
    special = {" ": "?", "\t": "?", "*": "[*]", "?": "[?]", "[": "[[]", "#": "[#]", "!": "[!]"}
    return "".join(special.get(character, character) for character in path)
