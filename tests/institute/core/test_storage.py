from pathlib import Path

import pytest

from institute.core.storage import DiskStore, TooLarge, WrongHash, read_chunks

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path)


def test_what_is_written_is_read(store: DiskStore) -> None:
    stored = store.write("blobs/ab/x", [b"hel", b"lo"], sha256=HELLO)
    assert (stored.size, stored.sha256) == (5, HELLO)
    with store.open("blobs/ab/x") as file:
        assert b"".join(read_chunks(file)) == b"hello"


def test_copy_and_delete(store: DiskStore) -> None:
    store.write("a/x", [b"1"])
    store.copy("a/x", "b/y")
    store.delete("a/x")
    store.delete("a/x")
    assert store.size("a/x") is None
    assert list(store.keys("b")) == ["b/y"]


@pytest.mark.parametrize(
    ("arguments", "error"), [({"max_bytes": 4}, TooLarge), ({"sha256": "0" * 64}, WrongHash)], ids=["long", "wrong"]
)
def test_a_refused_body_leaves_nothing(store: DiskStore, arguments: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        store.write("a/x", [b"hello"], **arguments)  # type: ignore[arg-type]  # the table of this test
    assert list(store.root.rglob("*")) == [store.root / "a"]


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "a//b", "a/../b", "", ".hidden", "a/\n"])
def test_keys_cannot_leave_the_store(store: DiskStore, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        store.path(key)
