"""Files as they are served: headers, ranges, nothing that a browser would run."""

import asyncio
from typing import Any

import pytest
from django.core import signing
from django.test import AsyncClient, Client

from institute.catalog.enums import BlobStatus
from institute.catalog.models import Blob, Revision
from institute.catalog.queries import trees
from institute.core.storage import store
from institute.people.enums import Role
from tests.factories.catalog import OUTPUT, committed, published
from tests.factories.people import user_with

pytestmark = pytest.mark.django_db
DIGITS = b"0123456789"


@pytest.fixture
def revision() -> Revision:
    extra = {"digits.bin": DIGITS, "page.html": b"<script>alert(1)</script>", "é vil.svg": b"<svg/>", "empty.txt": b""}
    return published(files=OUTPUT | extra | {"image.png": b"\x89PNG\0", "photo.jpg": b"\xff\xd8\0"})


def resolved(revision: Revision, path: str, **headers: str) -> Any:
    url = f"{revision.artifact.get_absolute_url()}/resolve/v1/{path}"
    return Client(headers=headers).get(url)


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_whole_file_with_its_hash_and_commit(revision: Revision) -> None:
    response = resolved(revision, "digits.bin")
    file = trees.file_at(revision.commit, "digits.bin")
    assert file is not None
    assert body(response) == DIGITS
    assert response["ETag"] == f'"{file.sha256}"'
    assert response["Content-Length"] == "10"
    assert response["Accept-Ranges"] == "bytes"
    assert response["X-Repo-Commit"] == revision.commit.sha1
    assert response["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("page.html", "application/octet-stream"),
        ("é vil.svg", "application/octet-stream"),
        ("config.json", "application/json"),
        ("README.md", "text/plain; charset=utf-8"),
        ("image.png", "image/png"),
        ("photo.jpg", "image/jpeg"),
    ],
)
def test_nothing_is_run_by_a_browser(revision: Revision, path: str, kind: str) -> None:
    response = resolved(revision, path)
    body(response)
    assert response["Content-Type"] == kind
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("header", "status", "content", "told"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=7-99", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, DIGITS, "bytes 0-9/10"),
        ("bytes=4-2", 200, DIGITS, None),
        ("bytes=0-1,3-4", 200, DIGITS, None),
        ("bytes=-", 200, DIGITS, None),
        ("lines=1-2", 200, DIGITS, None),
    ],
)
def test_ranges(revision: Revision, header: str, status: int, content: bytes, told: str | None) -> None:
    response = resolved(revision, "digits.bin", range=header)
    assert (response.status_code, body(response), response.get("Content-Range")) == (status, content, told)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=-0", "bytes=99-100"])
def test_a_range_beyond_the_end(revision: Revision, header: str) -> None:
    response = resolved(revision, "digits.bin", range=header)
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */10")


def test_head_and_conditions(revision: Revision) -> None:
    url = f"{revision.artifact.get_absolute_url()}/resolve/v1/digits.bin"
    head = Client().head(url)
    assert (head.status_code, head["Content-Length"], head.content) == (200, "10", b"")
    unchanged = Client(headers={"if-none-match": head["ETag"]}).get(url)
    assert (unchanged.status_code, unchanged["ETag"]) == (304, head["ETag"])
    assert Client().post(url).status_code == 405
    fixed = Client().head(url.replace("/v1/", f"/{revision.commit.sha1}/"))
    assert fixed["Cache-Control"] == "public, max-age=31536000, immutable"


def test_an_asgi_server_gets_it_in_pieces(revision: Revision) -> None:
    async def fetch() -> bytes:
        response = await AsyncClient().get(f"{revision.artifact.get_absolute_url()}/resolve/v1/digits.bin")
        return b"".join([chunk async for chunk in response.streaming_content])

    from asgiref.sync import async_to_sync

    assert async_to_sync(fetch)() == DIGITS
    assert asyncio.get_event_loop_policy()


def test_what_is_not_there(revision: Revision) -> None:
    base = revision.artifact.get_absolute_url()
    for url in (
        "resolve/v1/none",
        "resolve/v9/digits.bin",
        "blob/v1/none",
        "blob/v1/tokenizer",
        "tree/v9",
        "commits/v9",
    ):
        assert Client().get(f"{base}/{url}").status_code == 404, url


def test_quarantined_and_lost_bytes_are_not_sent(revision: Revision) -> None:
    file = trees.file_at(revision.commit, "digits.bin")
    assert file is not None
    blob = Blob.objects.filter(sha256=file.sha256)
    blob.update(status=BlobStatus.QUARANTINED)
    assert resolved(revision, "digits.bin").status_code == 422
    page = Client().get(f"{revision.artifact.get_absolute_url()}/blob/v1/digits.bin").content.decode()
    assert "This file is no text" in page
    weights = trees.file_at(revision.commit, "model.safetensors")
    assert weights is not None
    store().delete(Blob.objects.get(sha256=weights.sha256).location)
    assert resolved(revision, "model.safetensors").status_code == 404


def test_pages_of_files(revision: Revision) -> None:
    base = f"{revision.artifact.get_absolute_url()}/blob/v1"
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in Client().get(f"{base}/page.html").content.decode()
    assert "The file is empty." in Client().get(f"{base}/empty.txt").content.decode()
    weights = Client().get(f"{base}/model.safetensors").content.decode()
    assert "4 × 2" in weights and "Parameters" in weights
    listed = Client().get(f"{revision.artifact.get_absolute_url()}/tree/v1").content.decode()
    assert "digits.bin" in listed and "%C3%A9%20vil.svg" in listed


def test_files_are_listed_page_by_page(revision: Revision, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("institute.catalog.views.files.MOST_FILES", 3)
    url = f"{revision.artifact.get_absolute_url()}/tree/v1"
    paths = [file.path for file in trees.files_of(revision.commit)]
    first = Client().get(url)
    assert [file.path for file in first.context["files"]] == paths[:3]
    second = Client().get(url, {"after": first.context["next"]})
    assert [file.path for file in second.context["files"]] == paths[3:6]
    assert "First page" in second.text
    assert "First page" not in first.text


def test_a_history_goes_on_where_its_page_ended(revision: Revision, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("institute.catalog.views.files.MOST_COMMITS", 1)
    admin = user_with(Role.ADMIN)
    newest = committed(revision.artifact, admin, {"more.txt": b"more"})
    client, url = Client(), f"{revision.artifact.get_absolute_url()}/commits/{newest.sha1}"
    client.force_login(admin)
    first = client.get(url)
    assert first.context["commits"] == [newest]
    second = client.get(url, {"after": first.context["older"]})
    (older,) = second.context["commits"]
    assert older == revision.commit
    assert (second.context["older"], "Older" in first.text, "Older" in second.text) == ("", True, False)
    elsewhere = f"{revision.artifact.get_absolute_url()}/commits/v1"
    assert client.get(elsewhere, {"after": first.context["older"]}).status_code == 404
    assert client.get(url, {"after": "forged"}).status_code == 404
    gone = signing.dumps([newest.sha1, "0" * 40], salt="institute.catalog.history")
    assert client.get(url, {"after": gone}).status_code == 404


def test_every_public_revision_is_listed(revision: Revision) -> None:
    page = Client().get(f"{revision.artifact.get_absolute_url()}/revisions")
    assert (page.status_code, ">v1</a>" in page.text, "1 entry" in page.text) == (200, True, True)
