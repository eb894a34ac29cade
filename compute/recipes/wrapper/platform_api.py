"""The platform as the wrapper speaks to it: lease, inputs, checkpoints, output. JOB token, JSON, HTTP."""

from __future__ import annotations

import hashlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from compute.recipes.wrapper.folder import as_instant

TIMEOUT_S = 20.0
_ANSWER_BYTES = 1 << 20
_CHUNK = 1 << 20
_TRANSIENT = frozenset({408, 425, 429})


class Away(Exception):
    """No usable answer: nobody listens, too slow, or a fault of the platform's own. Worth repeating."""


class LeaseLost(Exception):
    """The attempt is over, or another wrapper holds its lease."""


class Rejected(Exception):
    """The platform understood and said no; the same request would meet the same answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


class Damaged(Exception):
    """The bytes received are not those that were promised."""


@dataclass(frozen=True, slots=True)
class LeaseAnswer:
    fence: int
    expires_at: datetime
    renew_after_s: float
    resume: Mapping[str, Any] | None
    checkpoint_by: str | None
    stop: bool
    coordinator: str | None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the job's token to another address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Platform:
    def __init__(self, url: str, attempt_id: str, token: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._base = f"{url}/api/v1/attempts/{attempt_id}"
        self._token = token
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_NoRedirects)

    def lease(self, holder: str, state: str) -> LeaseAnswer:
        answer = self._post("lease", {"holder": holder, "state": state})
        try:
            expires_at = as_instant(answer["expires_at"])
            if expires_at is None:
                raise ValueError("no expiry")
            return LeaseAnswer(
                fence=int(answer["fence"]),
                expires_at=expires_at,
                renew_after_s=float(answer.get("renew_after_s") or 30),
                resume=answer.get("resume"),
                checkpoint_by=answer.get("checkpoint_by"),
                stop=bool(answer.get("stop")),
                coordinator=answer.get("coordinator"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Away(f"the lease answer makes no sense: {error!r}") from error

    def fetch_input(self, sha256: str, size: int, target: Path) -> None:
        """Stream one input file to `target`; it appears only once its size and hash are right."""
        draft = target.with_name(target.name + ".part")
        digest = hashlib.sha256()
        count = 0
        with self._open("GET", f"inputs/{sha256}") as answer, draft.open("wb") as file:
            while chunk := self._read(answer, _CHUNK):
                digest.update(chunk)
                count += len(chunk)
                file.write(chunk)
                if count > size:
                    break
        if count < size and answer.headers.get("Content-Length") != str(count):
            raise Away(f"only {count} of {size} bytes of input {sha256} came")
        if count != size or digest.hexdigest() != sha256:
            raise Damaged(f"input {sha256}: {count} bytes with sha256 {digest.hexdigest()}")
        draft.replace(target)

    def post_checkpoint(self, *, fence: int, step: int, sha256: str, manifest: Any, location: str) -> None:
        body = {"fence": fence, "step": step, "manifest_sha256": sha256, "manifest": manifest}
        self._post("checkpoints", {**body, "location": location})

    def put_file(self, path: Path, sha256: str, *, fence: int) -> None:
        headers = {
            "X-Fence": str(fence),
            "Content-Type": "application/octet-stream",
            "Content-Length": str(path.stat().st_size),
        }
        with path.open("rb") as file, self._open("PUT", f"files/{sha256}", data=file, headers=headers):
            pass

    def post_output(self, *, fence: int, sha256: str, manifest: Any) -> None:
        self._post("output", {"fence": fence, "manifest_sha256": sha256, "manifest": manifest})

    def _post(self, verb: str, body: Mapping[str, Any]) -> dict[str, Any]:
        data = json.dumps(body, ensure_ascii=False).encode()
        with self._open("POST", verb, data=data, headers={"Content-Type": "application/json"}) as answer:
            raw = self._read(answer, _ANSWER_BYTES)
        try:
            value = json.loads(raw or b"{}")
        except ValueError as error:
            raise Away(f"{verb}: the answer is no JSON") from error
        if not isinstance(value, dict):
            raise Away(f"{verb}: the answer is no JSON object")
        return value

    def _read(self, answer: http.client.HTTPResponse, limit: int) -> bytes:
        try:
            return answer.read(limit)
        except (OSError, http.client.HTTPException) as error:
            raise Away(str(error) or type(error).__name__) from error

    def _open(
        self, method: str, verb: str, *, data: bytes | IO[bytes] | None = None, headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        url = f"{self._base}/{verb}"
        request = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))  # noqa: S310
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            answer = self._opener.open(request, timeout=self._timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(verb, error) from None
        except (OSError, http.client.HTTPException) as error:
            raise Away(f"{verb}: {error}") from error
        assert isinstance(answer, http.client.HTTPResponse)
        return answer


def _refusal(verb: str, error: urllib.error.HTTPError) -> Exception:
    try:
        text = error.read(_ANSWER_BYTES).decode("utf-8", errors="replace")
    except (OSError, http.client.HTTPException):
        text = ""
    if error.code == 409:
        return LeaseLost(f"{verb}: {text[:500]}")
    if error.code >= 500 or error.code in _TRANSIENT:
        return Away(f"{verb}: {error.code}")
    return Rejected(error.code, f"{verb}: {text[:500]}")
