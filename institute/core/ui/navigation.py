"""The main navigation: each app declares its entries once, in `ready()`; the bar shows those of one front door."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import LocalePrefixPattern, NoReverseMatch, reverse, translate_url
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PAID_BY_SECONDS = 300


class Door(StrEnum):
    """The front doors of EXPERIENCE.md; `footer` is the line at the bottom of every page."""

    PUBLIC = "public"
    RESEARCH = "research"
    STAFF = "staff"
    DONOR = "donor"
    FOOTER = "footer"


DOOR_LABELS: dict[Door, str | Promise] = {
    Door.PUBLIC: _("Public pages"),
    Door.RESEARCH: _("Research"),
    Door.STAFF: _("Staff"),
    Door.DONOR: _("Your pledges"),
}


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry: shown behind `door` to those who have `permission`.

    Without a permission the public and the footer show it to everybody, the other doors to anyone signed in.
    `order` sorts within the door (tens, so that later apps fit between).
    """

    label: str | Promise
    url_name: str
    door: Door
    permission: str = ""
    order: int = 50


@dataclass(frozen=True, slots=True)
class NavLink:
    """An entry as the template draws it."""

    label: str | Promise
    url: str
    current: bool = False


_items: dict[tuple[Door, str], NavItem] = {}
_search: list[str] = []
_paid_by: list[Callable[[], int]] = []


def register(*items: NavItem) -> None:
    """Add entries; the same door and URL name again replaces the entry."""
    _items.update({(item.door, item.url_name): item for item in items})


def search_at(url_name: str) -> None:
    """Name the page that answers the bar's search form (parameter `q`)."""
    _search[:] = [url_name]


def paid_by(count: Callable[[], int]) -> None:
    """Name the question "how many donors does the public page list?"; asked at most every five minutes."""
    _paid_by[:] = [count]


def resolve(url_name: str) -> str:
    """The address, "" while the app that owns it is not installed."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def root() -> str:
    """The start page in the active language."""
    return "/" + LocalePrefixPattern(prefix_default_language=False).language_prefix


def search_url() -> str:
    """Where the search form leads; "" hides it."""
    return resolve(_search[0]) if _search else ""


def donor_count() -> int:
    """Donors that the footer counts; 0 hides the line."""
    if not _paid_by:
        return 0
    return int(cache.get_or_set("ui:paid-by", _paid_by[0], PAID_BY_SECONDS) or 0)


def may_see(item: NavItem, user: Any, known: dict[str, bool]) -> bool:
    """Whether `user` sees the entry; `known` remembers permissions already asked in this request."""
    if not item.permission:
        return item.door in {Door.PUBLIC, Door.FOOTER} or bool(user.is_authenticated)
    if not user.is_authenticated:
        return False
    if item.permission not in known:
        known[item.permission] = user.has_perm(item.permission)
    return known[item.permission]


def _matches(url: str, path: str) -> bool:
    return path == url or (len(url) > 1 and path.startswith(url.rstrip("/") + "/"))


class Navigation:
    """The entries one request may see, and where it stands among them. Asks each permission once."""

    def __init__(self, request: HttpRequest) -> None:
        user, known = getattr(request, "user", None), dict[str, bool]()
        seen = [item for item in _items.values() if user and may_see(item, user, known)]
        located = [(item, resolve(item.url_name)) for item in sorted(seen, key=lambda item: item.order)]
        self._links = [(item.door, item.label, url) for item, url in located if url]
        self._path = request.path
        hits = [(door, url) for door, _label, url in self._links if door != Door.FOOTER and _matches(url, request.path)]
        longest = max((len(url) for _door, url in hits), default=0)
        self._current = next((url for _door, url in hits if len(url) == longest), "")
        doors: set[Door] = {door for door, url in hits if len(url) == longest}
        self.door = self._choose(doors)

    def _choose(self, doors: set[Door]) -> Door:
        """The page's own door; where several list it, staff before research before donor before public."""
        if not doors and self._path.startswith("/staff/"):
            return Door.STAFF
        return next((door for door in (Door.STAFF, Door.RESEARCH, Door.DONOR) if door in doors), Door.PUBLIC)

    def links(self, door: Door) -> list[NavLink]:
        """The entries behind `door`."""
        return [NavLink(label, url, url == self._current) for at, label, url in self._links if at == door]

    @property
    def main(self) -> list[NavLink]:
        """The entries of the bar."""
        return self.links(self.door)

    @property
    def footer(self) -> list[NavLink]:
        """The entries of the footer."""
        return self.links(Door.FOOTER)

    @property
    def doors(self) -> list[NavLink]:
        """The front doors this person may use, by their first entry; empty where there is only one."""
        firsts = [(door, self.links(door)) for door in DOOR_LABELS]
        open_doors = [NavLink(DOOR_LABELS[door], links[0].url, door == self.door) for door, links in firsts if links]
        return open_doors if len(open_doors) > 1 else []


def landing(request: HttpRequest) -> str:
    """Where a person starts: the first entry of their own front door, the public's for everybody else."""
    doors = Navigation(request)
    firsts = (links[0].url for door in (Door.STAFF, Door.DONOR, Door.RESEARCH) if (links := doors.links(door)))
    return next(firsts, root())


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """One language of the switch; `url` is "" where the address is the same in every language."""

    code: str
    name: str
    url: str
    current: bool


def language_links(request: HttpRequest, languages: list[tuple[str, str]], current: str) -> list[LanguageLink]:
    """The page in each language, where addresses differ by language."""
    here = request.get_full_path()
    found = [(code, name, translate_url(here, code)) for code, name in languages]
    differ = len({url for _code, _name, url in found}) > 1
    return [LanguageLink(code, name, url if differ else "", code == current) for code, name, url in found]
