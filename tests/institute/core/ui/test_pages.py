import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from pytest_django import Settings

from institute.core.ui import accent, icons
from institute.people.enums import Role
from tests.factories.people import user_with

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.institute.core.ui.urls")]
STATIC = Path(django_settings.BASE_DIR) / "institute" / "static" / "core"
TOKEN = re.compile(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)")
ON_SOFT = ("ok", "busy", "warn", "bad", "rest", "water")


def staff_page(client: Client) -> str:
    client.force_login(user_with(Role.OPERATIONS))
    return client.get("/staff/style").content.decode()


def test_the_style_page_is_for_staff_or_while_debugging(client: Client, settings: Settings) -> None:
    assert client.get("/staff/style").status_code == 404
    settings.DEBUG = True
    assert client.get("/staff/style").status_code == 200
    settings.DEBUG = False
    client.force_login(user_with(Role.RESEARCHER))
    assert client.get("/staff/style").status_code == 404
    client.force_login(user_with(Role.OPERATIONS))
    assert client.get("/staff/style").status_code == 200


def test_a_page_holds_nothing_that_the_content_security_policy_forbids(client: Client) -> None:
    html = staff_page(client)
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", html)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))


def test_a_page_and_its_style_weigh_little(client: Client) -> None:
    html = staff_page(client)
    files = re.findall(r'(?:href|src)="/static/([^"]+)"', html)
    assert len(html.encode()) < 60_000
    assert sum((STATIC.parent / name).stat().st_size for name in set(files) if name.startswith("core/")) < 40_000


def test_ids_are_unique_and_labels_point_at_something(client: Client) -> None:
    html = staff_page(client)
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    named = re.findall(r'\s(?:for|aria-describedby)="([^"]+)"', html)
    assert {name for names in named for name in names.split()} <= set(ids)


def test_the_frame_speaks_the_language_of_the_address(client: Client) -> None:
    english, french = client.get("/refused"), client.get("/fr/refused")
    assert '<html lang="en">' in english.content.decode()
    assert '<html lang="fr">' in french.content.decode()
    assert '<a class="brand" href="/fr/">' in french.content.decode()


def test_the_frame_names_institute_page_and_both_languages(client: Client, settings: Settings) -> None:
    settings.INSTITUTE_NAME, settings.INSTITUTE_LOGO_URL = "Source & Mouth", "/static/logo.svg"
    settings.INSTITUTE_ACCENT = "#7a1fa2"
    html = staff_page(client)
    assert "<title>Style · Source &amp; Mouth</title>" in html
    assert '<img src="/static/logo.svg" alt="" height="28">' in html
    assert '<link rel="alternate" hreflang="fr" href="/fr/staff/style">' in html
    assert '<a href="/fr/staff/style" hreflang="fr" lang="fr">Français</a>' in html
    assert re.search(r'<link rel="stylesheet" href="/accent.css\?v=\w{8}">', html)


def test_a_refusal_without_a_form_is_a_page_with_the_way_out(client: Client) -> None:
    answer = client.get("/refused")
    assert answer.status_code == 422
    assert "<p>Needs 512 chip-hours; 380 are left.</p><p>Ask for a supplement.</p>" in answer.content.decode()


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_pages_need_neither_request_nor_database(name: str, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        html = render_to_string(f"{name}.html")
    assert html.count("<h1>") == 1
    assert "core/site.css" in html


def test_the_frame_for_a_visitor_asks_nothing_of_the_database(django_assert_num_queries: Any) -> None:
    request = RequestFactory().get("/models")
    request.user = AnonymousUser()
    with django_assert_num_queries(0):
        assert "Sign in" in render_to_string("core/base.html", request=request)


def test_an_unknown_address_is_a_page_of_ours(client: Client) -> None:
    answer = client.get("/nothing/here")
    assert answer.status_code == 404
    assert "signing in may help" in answer.content.decode()


def test_the_line_of_a_live_page_names_its_stream_and_waits_for_no_script() -> None:
    html = Template("{% load ui %}{% live url %}").render(Context({"url": "/jobs/1/live?a=1&b=2"}))
    assert 'data-live-src="/jobs/1/live?a=1&amp;b=2"' in html
    assert "heard {n} s ago" in html
    assert re.search(r">as of \d\d:\d\d:\d\d · reload for news</span>", html)


def colours() -> dict[str, tuple[accent.RGB, accent.RGB]]:
    found = TOKEN.findall((STATIC / "tokens.css").read_text())
    return {name: (accent.parse(light), accent.parse(dark)) for name, light, dark in found}


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_colour_can_be_read_on_every_ground(theme: int) -> None:
    tokens = {name: pair[theme] for name, pair in colours().items()}
    pairs = [(text, ground) for text in ("ink", "ink-soft", "water", "bad") for ground in ("paper", "sheet", "sunken")]
    pairs += [(name, f"{name}-soft") for name in ON_SOFT] + [("ink", f"{name}-soft") for name in ON_SOFT]
    pairs += [("on-water", "water"), ("ink-soft", "rest-soft")]
    poor = {pair: accent.contrast(tokens[pair[0]], tokens[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_borders_of_inputs_can_be_seen(theme: int) -> None:
    tokens = {name: pair[theme] for name, pair in colours().items()}
    assert all(accent.contrast(tokens["edge"], tokens[ground]) >= 3 for ground in ("paper", "sheet"))


def test_colours_are_named_in_one_file_only() -> None:
    for name in ("site.css", "parts.css"):
        text = (STATIC / name).read_text().split("@media print")[0]
        assert re.findall(r"#[0-9a-f]{3,8}\b|rgb\(", text) == []


def test_an_icon_alone_has_a_name_and_beside_text_is_silent() -> None:
    assert 'aria-hidden="true"' in icons.icon("search")
    assert 'role="img" aria-label="Download &amp; keep"' in icons.icon("download", "Download & keep")
