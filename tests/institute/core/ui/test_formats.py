from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import translation

from institute.core.ui import formats

TPU = SimpleNamespace(name="TPU v4", kind="tpu")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NARROW, HARD = "\u202f", "\xa0"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1_240 * 3600, "1,240 TPU v4 chip-h"),
        (123 * 3600 + 1800, "124 TPU v4 chip-h"),
        (9_000, "2.5 TPU v4 chip-h"),
        (3_600, "1 TPU v4 chip-h"),
        (720, "12 TPU v4 chip-min"),
        (59, "59 TPU v4 chip-s"),
        (0, "0 TPU v4 chip-h"),
        (-7_200, "-2 TPU v4 chip-h"),
    ],
)
def test_hours_use_the_unit_that_fits_their_size(seconds: int, text: str) -> None:
    assert formats.hours_text(seconds, TPU) == text


def test_hours_name_what_is_counted() -> None:
    gpu, host = SimpleNamespace(name="H100", kind="GPU"), SimpleNamespace(name="", kind="cpu")
    assert formats.hours_text(7_200, gpu) == "2 H100 GPU-h"
    assert formats.hours_text(7_200, host) == "2 host-h"
    assert formats.hours_text(7_200, "TPU v4") == "2 TPU v4 accelerator-h"
    assert formats.hours_text(7_200) == "2 accelerator-h"


def test_hours_carry_their_exact_seconds() -> None:
    html = formats.hours(4_464_001, TPU)
    assert html == (
        '<data class="quantity" value="4464001" title="4,464,001 accelerator-seconds">1,240 TPU v4 chip-h</data>'
    )


def test_an_accelerator_name_cannot_inject_markup() -> None:
    assert "<b>" not in formats.hours(3_600, "<b>")


def test_numbers_follow_the_language() -> None:
    with translation.override("fr"):
        assert formats.hours_text(1_240 * 3600, TPU).startswith(f"1{NARROW}240 ")
        assert formats.money_text(123_456, "EUR") == f"1{NARROW}234,56{HARD}€"
        assert formats.number(1234.5, 2) == f"1{NARROW}234,5"
    with translation.override("en"):
        assert formats.money_text(123_456, "EUR") == "€1,234.56"
        assert formats.money_text(1_234, "JPY") == "JP¥1,234"


def test_an_unknown_language_reads_as_english() -> None:
    with translation.override("tlh"):
        assert formats.number(1234) == "1,234"


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(seconds=-20), "just now"),
        (timedelta(seconds=20), "in a moment"),
        (timedelta(minutes=-12), "12 minutes ago"),
        (timedelta(hours=3), "in 3 hours"),
        (timedelta(days=-2), "2 days ago"),
        (timedelta(days=60), "23 Jan 2027"),
    ],
)
def test_times_are_told_relative_to_now(distance: timedelta, text: str) -> None:
    assert formats.relative(NOW + distance, NOW) == text


def test_a_time_element_keeps_the_instant() -> None:
    html = formats.when(NOW - timedelta(hours=3), NOW)
    assert 'datetime="2026-11-24T09:00:00+00:00"' in html
    assert 'title="24 November 2026' in html
    assert html.endswith(">3 hours ago</time>")


def test_a_plain_date_stays_a_date() -> None:
    assert formats.when(date(2026, 12, 31)) == '<time class="date" datetime="2026-12-31">31 Dec 2026</time>'


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (812_345_678, "812 MB"), (5_200_000_000_000_000, "5,200 TB")],
)
def test_sizes_are_decimal(count: int, text: str) -> None:
    assert formats.size_text(count) == text


def test_sizes_and_money_carry_their_exact_value() -> None:
    assert formats.size(1_500) == '<data class="quantity" value="1500" title="1,500 bytes">1.5 kB</data>'
    assert formats.money(500, "EUR") == '<data class="quantity" value="500">€5.00</data>'


def test_nothing_is_a_dash_that_says_none() -> None:
    dash = '<span class="soft" aria-label="none">–</span>'
    assert [formats.hours(None), formats.money(None, "EUR"), formats.when(None), formats.size(None)] == [dash] * 4


@pytest.mark.parametrize("moment", [date(2026, 9, 20), datetime(2026, 9, 20, 23, tzinfo=UTC)])
def test_a_day_alone_is_written_as_the_language_does(moment: date) -> None:
    with translation.override("en"):
        assert formats.day_text(moment) == "20 Sept 2026"
    with translation.override("fr"):
        assert formats.day_text(moment) == "20 sept. 2026"


def test_the_last_day_is_the_one_before_an_exclusive_end() -> None:
    assert formats.last_day_text(datetime(2026, 11, 25, tzinfo=UTC)) == "24 Nov 2026"
    assert formats.last_day_text(datetime(2026, 11, 24, 12, tzinfo=UTC)) == "24 Nov 2026"
