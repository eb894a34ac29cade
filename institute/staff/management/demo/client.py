"""One person's hands on the API."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from institute.core.ids import new_ulid

ATTEMPTS = 5


class DemoFailed(Exception):
    """The platform answered what the demo did not expect; the message says to what."""


class Caller:
    """Calls the API as one person, with their token."""

    def __init__(self, base_url: str, token: str, name: str) -> None:
        self.name = name
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=base_url, headers=headers, timeout=60, follow_redirects=False)

    def get(self, path: str, **params: Any) -> Any:
        """The JSON at `path`."""
        return self._json(self._send("GET", f"/api/v1/{path}", params=params))

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer to a POST; the key makes a repetition after a lost answer harmless."""
        headers = {"Idempotency-Key": new_ulid()}
        return self._json(self._send("POST", f"/api/v1/{path}", json=body or {}, headers=headers))

    def _send(self, method: str, url: str, **given: Any) -> httpx.Response:
        """The answer; a connection that breaks is no reason to give up."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self.http.request(method, url, **given)
            except httpx.TransportError:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(1)
        raise AssertionError("the last attempt returns or raises")

    def upload(self, path: str, files: dict[str, Any], fields: dict[str, str]) -> Any:
        """The answer to a form with files."""
        return self._json(self.http.post(f"/api/v1/{path}", files=files, data=fields))

    def each(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Every row of a list, page by page."""
        page = self.get(path, **params)
        while True:
            yield from page["results"]
            if not page.get("next"):
                return
            page = self._json(self._send("GET", page["next"]))

    def find_or_post(
        self, path: str, body: dict[str, Any], *, key: str, matches: Callable[[dict[str, Any]], bool] | None = None
    ) -> dict[str, Any]:
        """The row whose `key` equals the body's, made if there is none: a second demo finds the first one's."""
        for row in self.each(path):
            if row[key] == body[key] and (matches is None or matches(row)):
                return row
        made: dict[str, Any] = self.post(path, body)
        return made

    def _json(self, answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json() if answer.content else None
        request = answer.request
        raise DemoFailed(
            f"{self.name}: {request.method} {request.url.path} → {answer.status_code}: {answer.text[:2000]}"
        )
