"""Quantities as people read them, in the language of the request. Texts for plain places, HTML for pages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext, to_locale

from institute.core.units import minor_to_major

HOUR = 3600
MINUTE = 60
FULL_DATE_AFTER = timedelta(days=30)


class AcceleratorLike(Protocol):
    """What a quantity needs to know of an accelerator type: its name ("TPU v4") and kind ("tpu", "gpu", "cpu")."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...


UNITS = {
    "tpu": (gettext_lazy("chip-h"), gettext_lazy("chip-min"), gettext_lazy("chip-s")),
    "gpu": (gettext_lazy("GPU-h"), gettext_lazy("GPU-min"), gettext_lazy("GPU-s")),
    "cpu": (gettext_lazy("host-h"), gettext_lazy("host-min"), gettext_lazy("host-s")),
    "": (gettext_lazy("accelerator-h"), gettext_lazy("accelerator-min"), gettext_lazy("accelerator-s")),
}


# Plain English reads 14 Nov 2026 and US$12: nobody takes the day for the month or one dollar for another.
REGIONS = {"en": "en_GB"}


def locale() -> Locale:
    """Babel's locale for the active language; English where Babel knows none."""
    name = to_locale(get_language() or "en")
    try:
        return Locale.parse(REGIONS.get(name, name))
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")


def number(value: int | float | Decimal, digits: int = 0) -> str:
    """A number with the language's separators and at most `digits` decimals."""
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=locale())


def hours_text(seconds: int, accelerator: AcceleratorLike | str | None = None) -> str:
    """Accelerator-seconds as "1,240 TPU v4 chip-h"; below an hour in minutes, below a minute in seconds.

    `accelerator` is its type, or a type's name alone, or None where the type is named elsewhere on the page.
    """
    name = accelerator if isinstance(accelerator, str) else getattr(accelerator, "name", "")
    kind = "" if isinstance(accelerator, str) or accelerator is None else str(accelerator.kind).lower()
    hour, minute, second = UNITS.get(kind, UNITS[""])
    size = abs(seconds)
    if size >= HOUR or size == 0:
        amount, unit = number(Decimal(seconds) / HOUR, 0 if size >= 100 * HOUR else 1), hour
    elif size >= MINUTE:
        amount, unit = number(Decimal(seconds) / MINUTE), minute
    else:
        amount, unit = number(seconds), second
    return " ".join(str(part) for part in (amount, name, unit) if part)


def hours(seconds: int | None, accelerator: AcceleratorLike | str | None = None) -> SafeString:
    """`hours_text` with the exact seconds on hover and for machines; a dash for None."""
    if seconds is None:
        return dash()
    exact = ngettext("%(n)s accelerator-second", "%(n)s accelerator-seconds", seconds) % {"n": number(seconds)}
    text = hours_text(seconds, accelerator)
    return format_html('<data class="quantity" value="{}" title="{}">{}</data>', seconds, exact, text)


def money_text(minor: int, currency: str) -> str:
    """Minor units and ISO currency as the language writes money."""
    return format_currency(minor_to_major(minor, currency), currency, locale=locale())


def money(minor: int | None, currency: str) -> SafeString:
    """`money_text`, kept on one line; a dash for None."""
    if minor is None:
        return dash()
    return format_html('<data class="quantity" value="{}">{}</data>', minor, money_text(minor, currency))


def relative(moment: datetime, now: datetime) -> str:
    """How far away: "3 hours ago", "in 2 days"; beyond a month the date itself."""
    distance = moment - now
    if abs(distance) < timedelta(minutes=1):
        return gettext("just now") if distance <= timedelta(0) else gettext("in a moment")
    if abs(distance) > FULL_DATE_AFTER:
        return day_text(moment)
    return format_timedelta(distance, add_direction=True, threshold=1.1, locale=locale())


def when(moment: datetime | date | None, now: datetime | None = None) -> SafeString:
    """A time element: relative to read, the instant on hover; plain dates as dates; a dash for None."""
    if moment is None:
        return dash()
    if not isinstance(moment, datetime):
        return format_html('<time class="date" datetime="{}">{}</time>', moment.isoformat(), day_text(moment))
    local = timezone.localtime(moment)
    title = format_datetime(local, format="long", tzinfo=local.tzinfo, locale=locale())
    instant = moment.astimezone(UTC).isoformat(timespec="seconds")
    text = relative(moment, now or timezone.now())
    return format_html('<time class="date" datetime="{}" title="{}">{}</time>', instant, title, text)


def day_text(moment: datetime | date) -> str:
    """The day alone, for the two ends of a span: "14 Nov 2026"."""
    day = timezone.localtime(moment).date() if isinstance(moment, datetime) else moment
    return format_date(day, format="medium", locale=locale())


def last_day_text(end: datetime) -> str:
    """The last day before `end`: ends are exclusive in the database, people read the last day that counts."""
    return day_text(end - timedelta(microseconds=1))


def size_text(count: int) -> str:
    """Bytes in decimal units ("812 MB"), as disks and downloads are sold."""
    amount, units = Decimal(count), [gettext("B"), gettext("kB"), gettext("MB"), gettext("GB"), gettext("TB")]
    for unit in units:
        if abs(amount) < 1000 or unit == units[-1]:
            break
        amount /= 1000
    return f"{number(amount, 0 if abs(amount) >= 10 or unit == units[0] else 1)} {unit}"


def size(count: int | None) -> SafeString:
    """`size_text` with the exact number of bytes on hover; a dash for None."""
    if count is None:
        return dash()
    exact = ngettext("%(n)s byte", "%(n)s bytes", count) % {"n": number(count)}
    return format_html('<data class="quantity" value="{}" title="{}">{}</data>', count, exact, size_text(count))


def dash() -> SafeString:
    """What stands where there is no value."""
    return format_html('<span class="soft" aria-label="{}">–</span>', gettext("none"))
