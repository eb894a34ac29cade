"""Elements of SVG and HTML as safe strings; the only place of the charts where markup is put together."""

from collections.abc import Iterable, Sequence

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

Attribute = str | int | float | None


def short(value: float) -> str:
    """A coordinate with one decimal at most: enough for the eye, small on the line."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def tag(name: str, *content: str, **attributes: Attribute) -> SafeString:
    """An element; underscores in attribute names become dashes, `class_` is class, None leaves one out."""
    pairs = [
        (key.rstrip("_").replace("_", "-"), short(value) if isinstance(value, float) else value)
        for key, value in attributes.items()
        if value is not None
    ]
    opening = format_html_join("", ' {}="{}"', pairs)
    inner = mark_safe("".join(conditional_escape(part) for part in content))  # noqa: S308  (escaped one by one)
    return format_html("<{}{}>{}</{}>", mark_safe(name), opening, inner, mark_safe(name))  # noqa: S308  (our names)


def picture(label: str, width: float, height: float, parts: Iterable[str], **attributes: Attribute) -> SafeString:
    """An <svg> with its text alternative."""
    return tag("svg", *parts, viewBox=f"0 0 {short(width)} {short(height)}", role="img", aria_label=label, **attributes)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> SafeString:
    """A table; all columns but the first hold numbers."""
    head = [tag("th", text, scope="col", class_="num" if i else None) for i, text in enumerate(headings)]
    body = [
        tag("tr", *[tag("td", text, class_="num") if i else tag("th", text, scope="row") for i, text in enumerate(row)])
        for row in rows
    ]
    return tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body))


def figure(kind: str, drawing: str, data: str) -> SafeString:
    """A drawing with the same figures as a table behind it."""
    box = tag("div", data, class_="scroll", tabindex=0, role="group", aria_label=_("Figures of the chart"))
    return tag("figure", drawing, tag("details", tag("summary", _("as a table")), box), class_=f"chart {kind}")
