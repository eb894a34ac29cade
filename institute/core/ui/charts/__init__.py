"""Pictures drawn on the server as SVG: no script, no inline style, a text alternative and a table behind."""

from institute.core.ui.charts.bars import Part, bars, meter, sparkline
from institute.core.ui.charts.flow import Band, Node, flow
from institute.core.ui.charts.lines import Curve, Point, line_chart
from institute.core.ui.charts.scale import Axis

__all__ = ["Axis", "Band", "Curve", "Node", "Part", "Point", "bars", "flow", "line_chart", "meter", "sparkline"]
