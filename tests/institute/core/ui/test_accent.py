import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from institute.core.ui import accent

pytestmark = pytest.mark.urls("tests.institute.core.ui.urls")


@given(st.integers(0, 0xFFFFFF))
def test_any_colour_becomes_one_that_can_be_read(number: int) -> None:
    colour = accent.parse(f"#{number:06x}")
    for ground in (accent.LIGHT_GROUND, accent.DARK_GROUND, (1.0, 1.0, 1.0)):
        assert accent.contrast(accent.readable_on(colour, ground), ground) >= 4.5


def test_a_readable_colour_stays_as_it_is() -> None:
    assert "--water: light-dark(#0a6762," in accent.stylesheet("#0a6762")


def test_contrast_is_that_of_wcag() -> None:
    assert accent.contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert accent.contrast(accent.parse("#777777"), (1, 1, 1)) == pytest.approx(4.478, abs=0.01)


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#123456;}body{"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(ValueError, match="INSTITUTE_ACCENT"):
        accent.stylesheet(colour)


def test_the_style_sheet_is_served_only_with_an_accent(client: Client, settings: Settings) -> None:
    settings.INSTITUTE_ACCENT = ""
    assert client.get("/accent.css").status_code == 404
    assert accent.stylesheet_url("") == ""
    settings.INSTITUTE_ACCENT = "#7a1fa2"
    answer = client.get(accent.stylesheet_url("#7a1fa2"))
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/css")
    assert answer.content.decode() == accent.stylesheet("#7a1fa2")
