"""Units: accelerator-seconds and money in minor units are plain integers in the database.

These types keep them apart in signatures; there is no float on the way in or out.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import NewType

from babel.numbers import get_currency_precision

AcceleratorSeconds = NewType("AcceleratorSeconds", int)
MinorUnits = NewType("MinorUnits", int)

SECONDS_PER_HOUR = 3600


def hours_to_seconds(hours: int | Decimal | str) -> AcceleratorSeconds:
    """Accelerator-hours as whole accelerator-seconds.

    Raises ValueError if the hours are no whole number of seconds: quantities are never rounded silently.
    """
    seconds = Decimal(hours) * SECONDS_PER_HOUR
    if not seconds.is_finite() or seconds != seconds.to_integral_value():
        raise ValueError(f"{hours} hours is no whole number of seconds")
    return AcceleratorSeconds(int(seconds))


def seconds_to_hours(seconds: int) -> Decimal:
    """Accelerator-seconds as hours with two decimals, for display only."""
    return (Decimal(seconds) / SECONDS_PER_HOUR).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def minor_to_major(minor: int, currency: str) -> Decimal:
    """Minor units as the decimal amount people write, e.g. 1234 EUR → 12.34 (ISO 4217 exponents)."""
    return Decimal(minor).scaleb(-get_currency_precision(currency))


def major_to_minor(major: Decimal | str, currency: str) -> MinorUnits:
    """The decimal amount as minor units; ValueError if it has more decimals than the currency."""
    minor = Decimal(major).scaleb(get_currency_precision(currency))
    if not minor.is_finite() or minor != minor.to_integral_value():
        raise ValueError(f"{major} has more decimals than {currency}")
    return MinorUnits(int(minor))
