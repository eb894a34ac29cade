"""The flow: what donors gave, as bands through the projects to what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from institute.core.ui.charts.scale import Format, plain
from institute.core.ui.charts.svg import figure, picture, short, table, tag

WIDTH = 1120.0
LETTER = 10.0  # the widest common font at the 16 px of narrow pages
LEAST_MARGIN, MOST_MARGIN = 110.0, 330.0
BAR = 10.0
GAP = 14.0
LEAST_HEIGHT = 3.0
BODY = 250.0


@dataclass(frozen=True, slots=True)
class Node:
    """A donor, a project or a kind of result; `url` makes its label a link."""

    key: str
    label: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """`value` of the flow's unit goes from one node to a node of the next column."""

    source: str
    target: str
    value: float


@dataclass(slots=True)
class _Placed:
    node: Node
    x: float
    y: float
    height: float
    out: float = field(default=0.0)
    into: float = field(default=0.0)


def _size(key: str, bands: Sequence[Band]) -> float:
    given = sum(band.value for band in bands if band.source == key)
    got = sum(band.value for band in bands if band.target == key)
    return max(given, got)


def _margin(column: Sequence[Node]) -> float:
    """Room for the labels beside an outer column."""
    longest = max((len(node.label) for node in column), default=0)
    return min(max(longest * LETTER + 20, LEAST_MARGIN), MOST_MARGIN)


def _place(columns: Sequence[Sequence[Node]], bands: Sequence[Band]) -> tuple[dict[str, _Placed], float, float]:
    """Every node's bar; one scale for all columns. Returns them with units per value and the total height."""
    sizes = {node.key: _size(node.key, bands) for column in columns for node in column}
    fullest = max((sum(sizes[node.key] for node in column) for column in columns), default=0) or 1.0
    unit = BODY / fullest
    left, right = (_margin(column) for column in (columns[0], columns[-1])) if columns else (0.0, 0.0)
    step = (WIDTH - left - right - BAR) / max(len(columns) - 1, 1)
    placed: dict[str, _Placed] = {}
    for index, column in enumerate(columns):
        y = 4.0
        for node in column:
            height = max(sizes[node.key] * unit, LEAST_HEIGHT)
            placed[node.key] = _Placed(node, left + index * step, y, height)
            y += max(height, 6.0) + GAP
    bottom = max((bar.y + bar.height for bar in placed.values()), default=0.0)
    return placed, unit, bottom + 8


def _ribbon(source: _Placed, target: _Placed, width: float, shade: int) -> SafeString:
    left, right = source.x + BAR, target.x
    top, to_top = source.y + source.out, target.y + target.into
    source.out += width
    target.into += width
    middle, a, b = short((left + right) / 2), short(left), short(right)
    y1, y2, y3, y4 = (short(y) for y in (top, to_top, to_top + width, top + width))
    d = f"M{a},{y1}C{middle},{y1} {middle},{y2} {b},{y2}L{b},{y3}C{middle},{y3} {middle},{y4} {a},{y4}Z"
    return tag("path", d=d, class_=f"flow-band f{shade}")


def _label(bar: _Placed, is_first: bool) -> SafeString:
    x = bar.x - 10 if is_first else bar.x + BAR + 8
    text = tag("text", bar.node.label, x=x, y=bar.y + bar.height / 2 + 4.5, text_anchor="end" if is_first else "start")
    return tag("a", text, href=bar.node.url) if bar.node.url else text


def flow(
    columns: Sequence[Sequence[Node]],
    bands: Sequence[Band],
    *,
    label: str,
    format: Format = plain,  # noqa: A002
) -> SafeString:
    """A figure of two or more columns of nodes and the bands between neighbours, with its figures as a table.

    `label` says in one sentence what the picture shows. Bands of nodes that are in no column are left out.
    """
    keys = {node.key for column in columns for node in column}
    known = [band for band in bands if band.source in keys and band.target in keys and band.value > 0]
    placed, unit, height = _place(columns, known)
    order = {key: index for index, key in enumerate(placed)}
    shades = {node.key: index % 4 + 1 for column in columns for index, node in enumerate(column)}
    drawn = [
        _ribbon(placed[band.source], placed[band.target], band.value * unit, shades[band.source])
        for band in sorted(known, key=lambda band: (order[band.source], order[band.target]))
    ]
    drawn += [tag("rect", x=b.x, y=b.y, width=BAR, height=b.height, rx=2, class_="flow-node") for b in placed.values()]
    first = {node.key for node in columns[0]} if columns else set()
    drawn += [_label(bar, key in first) for key, bar in placed.items()]
    has_links = any(bar.node.url for bar in placed.values())
    drawing = picture(label, WIDTH, height, drawn) if not has_links else _group(label, height, drawn)
    box = tag("div", drawing, class_="scroll", tabindex=0, role="group", aria_label=label)
    rows = [[f"{placed[b.source].node.label} → {placed[b.target].node.label}", format(b.value)] for b in known]
    return figure("flow", box, table([_("From → to"), _("Amount")], rows))


def _group(label: str, height: float, drawn: Sequence[str]) -> SafeString:
    """A picture whose labels are links must not hide them from screen readers, as role img would."""
    return tag("svg", *drawn, viewBox=f"0 0 {short(WIDTH)} {short(height)}", role="group", aria_label=label)
