from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from institute.core import units


@given(st.integers(min_value=0, max_value=10**9))
def test_whole_hours_survive_the_way_there_and_back(hours: int) -> None:
    assert units.seconds_to_hours(units.hours_to_seconds(hours)) == hours


@pytest.mark.parametrize("hours", ["0.0001", "NaN", "Infinity"])
def test_hours_that_are_no_whole_seconds_are_refused(hours: str) -> None:
    with pytest.raises(ValueError, match="no whole number"):
        units.hours_to_seconds(hours)


@pytest.mark.parametrize(
    ("minor", "currency", "major"), [(1234, "EUR", "12.34"), (1234, "JPY", "1234"), (1234, "KWD", "1.234")]
)
def test_money_follows_the_currencys_exponent(minor: int, currency: str, major: str) -> None:
    assert units.minor_to_major(minor, currency) == Decimal(major)
    assert units.major_to_minor(major, currency) == minor


def test_money_with_too_many_decimals_is_refused() -> None:
    with pytest.raises(ValueError, match="more decimals"):
        units.major_to_minor("1.234", "EUR")
