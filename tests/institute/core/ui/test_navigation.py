from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.test import RequestFactory
from django.utils import translation

from institute.core.ui import navigation
from institute.core.ui.navigation import Door, Navigation, NavItem

pytestmark = pytest.mark.urls("tests.institute.core.ui.urls")
ITEMS = [
    NavItem("Models", "models", Door.PUBLIC, order=20),
    NavItem("People", "people", Door.PUBLIC, order=10),
    NavItem("Jobs", "jobs", Door.RESEARCH),
    NavItem("Today", "today", Door.STAFF, "staff.view", order=1),
    NavItem("Jobs", "jobs", Door.STAFF, "staff.view", order=2),
    NavItem("Not built yet", "nowhere", Door.PUBLIC),
    NavItem("Legal", "refused", Door.FOOTER),
]


class Person(SimpleNamespace):
    """Signed in, with permissions; counts how often it is asked."""

    is_authenticated = True

    def has_perm(self, permission: str) -> bool:
        self.asked.append(permission)
        return permission in self.permissions


def person(*permissions: str) -> Person:
    return Person(permissions=permissions, asked=[])


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"_items": {}, "_search": []}.items():
        monkeypatch.setattr(navigation, name, value)
    navigation.register(*ITEMS)


def at(path: str, user: Any = None) -> Navigation:
    request = RequestFactory().get(path)
    request.user = user or AnonymousUser()
    return Navigation(request)


def labels(found: Navigation) -> list[str]:
    return [str(link.label) for link in found.main]


def test_a_visitor_sees_the_public_entries_in_their_order() -> None:
    found = at("/models")
    assert [(link.label, link.url, link.current) for link in found.main] == [
        ("People", "/people", False),
        ("Models", "/models", True),
    ]
    assert found.doors == []


def test_a_page_below_an_entry_belongs_to_it() -> None:
    assert [link.label for link in at("/models/swahili").main if link.current] == ["Models"]
    assert not any(link.current for link in at("/modelsque").main)


def test_the_page_decides_the_door() -> None:
    researcher, staff = person(), person("staff.view")
    assert at("/jobs", researcher).door == Door.RESEARCH
    assert at("/jobs", staff).door == Door.STAFF
    assert at("/models", staff).door == Door.PUBLIC
    assert at("/staff/unlisted", staff).door == Door.STAFF
    assert at("/jobs").door == Door.PUBLIC


def test_entries_need_their_permission_which_is_asked_once() -> None:
    staff = person("staff.view")
    assert labels(at("/staff/", staff)) == ["Today", "Jobs"]
    assert staff.asked == ["staff.view"]
    assert labels(at("/staff/", person())) == []


def test_the_doors_a_person_may_use_lead_to_their_first_entries() -> None:
    doors = at("/jobs", person("staff.view")).doors
    assert [(str(link.label), link.url, link.current) for link in doors] == [
        ("Public pages", "/people", False),
        ("Research", "/jobs", False),
        ("Staff", "/staff/", True),
    ]


def test_the_footer_is_for_everybody() -> None:
    assert [link.url for link in at("/models").footer] == ["/refused"]


def test_a_request_without_a_person_has_no_entries() -> None:
    assert Navigation(RequestFactory().get("/")).main == []


def test_the_search_is_hidden_until_an_app_answers_it() -> None:
    assert navigation.search_url() == ""
    navigation.search_at("models")
    assert navigation.search_url() == "/models"


@pytest.mark.django_db
def test_donors_are_counted_at_most_every_five_minutes() -> None:
    cache.delete("ui:paid-by")
    assert navigation.donor_count() == 0
    asked: list[int] = []

    def count() -> int:
        asked.append(1)
        return 7

    navigation.paid_by(count)
    assert [navigation.donor_count(), navigation.donor_count(), len(asked)] == [7, 7, 1]


def test_addresses_carry_the_language() -> None:
    assert navigation.root() == "/"
    with translation.override("fr"):
        assert navigation.root() == "/fr/"
        assert navigation.resolve("models") == "/fr/models"


def test_the_languages_of_a_page() -> None:
    languages = [("en", "English"), ("fr", "Français")]
    found = navigation.language_links(RequestFactory().get("/models?q=1"), languages, "en")
    assert [(link.code, link.url, link.current) for link in found] == [
        ("en", "/models?q=1", True),
        ("fr", "/fr/models?q=1", False),
    ]
    assert [link.url for link in navigation.language_links(RequestFactory().get("/none"), languages, "en")] == ["", ""]
