"""The forms of the pages, read off the pages themselves: where they go and what they hold when nobody types."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

from django.db import transaction
from django.urls import Resolver404, resolve

from tests.permissions.addresses import ADDRESSES, address
from tests.permissions.standing import Standing
from tests.permissions.table import addresses

# Not read for forms: streams that never end, and sign-in pages that first ask for the password again.
CLOSED = ("live", "mfa_", "tracker:", "api:")


@dataclass
class Form:
    """A form on a page: its address and what its fields hold."""

    action: str
    values: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.found = page, list[Form]()
        self._open: Form | None = None
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, a field or a choice."""
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self._open = Form(urlsplit(given.get("action") or self.page).path)
            if given.get("method", "get").lower() == "post":
                self.found.append(self._open)
        elif self._open is None or name == "csrfmiddlewaretoken":
            return
        elif tag == "option" and self._select and ("selected" in given or not self._open.values[self._select]):
            self._open.values[self._select] = given.get("value", "")
        elif name and tag in {"input", "select", "textarea", "button"}:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self._open.values[name] = given.get("value", "on" if given.get("type") == "checkbox" else "")
            self._select = name if tag == "select" else ""
            self._textarea = name if tag == "textarea" else ""

    def handle_data(self, data: str) -> None:
        """The text of a large field."""
        if self._textarea and self._open is not None:
            self._open.values[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        """The end of a field or of the form."""
        if tag == "textarea":
            self._textarea = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._open = None


def forms_of(standing: Standing, person: str) -> Mapping[str, Form]:
    """Every form that a person's pages show, by the URL name of where it goes; of several the longest."""
    forms: dict[str, Form] = {}
    for path in _pages(standing):
        for form in _forms_on(standing, person, path):
            if (target := _name_at(form.action)) and len(form.values) >= len(forms.get(target, Form("")).values):
                forms[target] = form
    return forms


def _pages(standing: Standing) -> Iterator[str]:
    for name, pattern in addresses():
        if not hasattr(pattern.callback, "cls") and not any(part in name for part in CLOSED):
            yield address(name, standing.world)
    for key in ADDRESSES:
        if "@" in key and not key.startswith(CLOSED):
            yield address(key, standing.world)


def _forms_on(standing: Standing, person: str, path: str) -> list[Form]:
    with transaction.atomic():
        page = standing.client(person).get(path)
        parser = _Forms(path)
        if page.streaming:
            list(page.streaming_content)
        elif page.headers.get("Content-Type", "").startswith("text/html"):
            parser.feed(page.text)
        transaction.set_rollback(True)
    return parser.found


def _name_at(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def encoded(values: Mapping[str, str]) -> dict[str, str]:
    """The body of a browser that sends these values."""
    data = urlencode(values, errors="replace")
    return {"data": data, "content_type": "application/x-www-form-urlencoded"}
