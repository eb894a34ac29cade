"""Small pictures of our own, drawn on a 16 × 16 grid with one stroke; they take the colour of the text."""

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

PATHS = {
    "search": "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14",
    "download": "M8 2v8m0 0L4.5 6.5M8 10l3.5-3.5M2.5 13.5h11",
    "upload": "M8 10.5v-8m0 0L4.5 6M8 2.5 11.5 6M2.5 13.5h11",
    "external": "M9.5 2.5h4v4M13.5 2.5 7.5 8.5M6.5 3.5h-4v10h10v-4",
    "person": "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm-5.5 6c.6-3 2.8-4.5 5.5-4.5s4.9 1.5 5.5 4.5",
    "check": "M2.5 8.5 6 12l7.5-8",
    "cross": "M3.5 3.5l9 9m0-9-9 9",
    "plus": "M8 2.5v11M2.5 8h11",
    "warning": "M8 2 1.5 13.5h13L8 2Zm0 4.5v3.2m0 1.8v.3",
    "left": "M10 3 5 8l5 5",
    "right": "M6 3l5 5-5 5",
    "down": "M3 6l5 5 5-5",
    "sort": "M8 3 5 6.5h6L8 3Zm0 10 3-3.5H5L8 13Z",
    "up": "M8 13V3m0 0L4 7m4-4 4 4",
    "sort-down": "M8 3v10m0 0 4-4m-4 4L4 9",
    "clock": "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9.5V8l2.5 1.5",
    "file": "M3.5 1.5h6l3 3v10h-9v-13Zm6 0v3h3",
    "copy": "M5.5 5.5h8v8h-8v-8Zm-2 5h-1v-8h8v1",
    "language": "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM2 8h12M8 2c4 4 4 8 0 12M8 2C4 6 4 10 8 14",
}


def icon(name: str, label: str = "") -> SafeString:
    """The picture `name`; hidden from screen readers unless it stands alone and so has a `label`."""
    path = PATHS[name]
    if label:
        return format_html(
            '<svg class="icon" viewBox="0 0 16 16" role="img" aria-label="{}"><path d="{}"/></svg>', label, path
        )
    return mark_safe(  # noqa: S308
        f'<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="{path}"/></svg>'
    )
