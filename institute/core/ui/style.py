"""Invented content for the style page: every part of the furniture once, so that eyes and axe can look at it.

Nothing here is translated.
"""

import math
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest

from institute.core.models import OutboxMessage
from institute.core.ui import badges, charts, formats
from institute.core.ui.badges import Tone
from institute.core.ui.chain import ChainLink
from institute.core.ui.listing import BoundListing, Column, Filter, Listing, Page

TPU = SimpleNamespace(name="TPU v4", kind="tpu")
GPU = SimpleNamespace(name="H100", kind="gpu")
CARD = """\
# Intended use

Research on **low-resource languages**. Trained from random weights on *web, news and Wikipedia text*; see the
[data sheet](https://example.org/sheet) and `config.json`.

| Task | this model | parent |
|---|--:|--:|
| Held-out text, bits per byte | 0.941 | 1.012 |
| NER, F1 | 81.2 | – |

```python
from transformers import AutoModel
AutoModel.from_pretrained("lowres/swahili-410m")
```

- deduplicated at document level
- every source and its licence is listed
"""
LOG = """\
16:02:11  step 1590  loss 1.748  lr 1.9e-4  tok/s 412,880
16:02:19  step 1600  loss 1.742  lr 1.9e-4  tok/s 413,102
16:02:19  checkpoint 1600 saved (sha256 9f1c…)
16:02:27  step 1610  loss 1.739  lr 1.8e-4  tok/s 411,975
"""


class SampleForm(forms.Form):
    """A field of every kind, two of them wrong."""

    title = forms.CharField(label="Title", help_text="As it will stand on the public page.")
    size = forms.ChoiceField(
        label="Size", choices=[("s", "125 M · 12 layers × 768"), ("m", "410 M · 24 layers × 1024")]
    )
    steps = forms.IntegerField(label="Steps", min_value=1, initial=61440)
    wall_time = forms.CharField(label="Wall time limit")
    starts_on = forms.DateField(label="Not before", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    text = forms.FileField(label="Text", required=False, help_text="Plain text, at most 4 MB a file.")
    visibility = forms.ChoiceField(
        label="Who sees it", choices=[("all", "everybody"), ("us", "the project")], widget=forms.RadioSelect
    )
    is_final = forms.BooleanField(label="This is the last attempt", required=False)
    reason = forms.CharField(label="Reason", required=False, widget=forms.Textarea)


class SampleListing(Listing[Any]):
    """A list with everything switched on."""

    title = "Pledges"
    search = ("title",)
    filters = (Filter("status", "Status", [("active", "active"), ("offered", "offered")]),)
    columns = (
        Column("title", "Pledge", lambda row: row.title, url=lambda row: "#", detail=lambda row: row.donor,
               sort="title"),
        Column("ends", "Ends", lambda row: row.ends, show=lambda row: formats.when(row.ends), sort="ends"),
        Column("promised", "Promised", lambda row: row.promised, is_number=True, sort="promised",
               show=lambda row: formats.hours(row.promised, row.type)),
        Column("left", "Left", lambda row: row.left, is_number=True,
               show=lambda row: formats.hours(row.left, row.type)),
        Column("used", "Used", lambda row: row.left,
               show=lambda row: charts.meter([charts.Part("Used", row.promised - row.left)], row.promised)),
        Column("status", "Status", lambda row: row.text, show=lambda row: badges.badge(row.tone, row.text)),
    )  # fmt: skip
    default_sort = "-promised"


def sample_form() -> SampleForm:
    """The form as it comes back after a refusal."""
    data = {"title": "", "size": "m", "steps": "61440", "wall_time": "400 h", "visibility": "us"}
    form = SampleForm(data)
    form.add_error(
        "wall_time",
        "400 h × 64 chips need 25,600 chip-h; 18,400 are left. Ask for a supplement or choose 287 h or less.",
    )
    form.add_error(NON_FIELD_ERRORS, "The paying pledge ends before this job could.")
    return form


def sample_listing(request: HttpRequest, now: datetime) -> BoundListing[Any]:
    """Three invented pledges on a middle page of many."""
    hour = 3600
    rows: list[Any] = [
        SimpleNamespace(title="v4 chips, 2026 H2", donor="Open TPU Programme", ends=now + timedelta(days=37),
                        promised=240_000 * hour, left=31_200 * hour, type=TPU, tone=Tone.WARN, text="expires soon"),
        SimpleNamespace(title="H100 share", donor="Northwind Cloud", ends=now + timedelta(days=9),
                        promised=48_000 * hour, left=36_410 * hour, type=GPU, tone=Tone.OK, text="active"),
        SimpleNamespace(title="A100 share", donor="Delta AI", ends=now - timedelta(hours=5), promised=90_000 * hour,
                        left=2_007, type=GPU, tone=Tone.BAD, text="withdrawn"),
    ]  # fmt: skip
    bound: BoundListing[Any] = BoundListing(request, SampleListing, OutboxMessage.objects.none())
    bound.page, bound.count = Page(rows, "earlier", "later"), 312
    return bound


def sample_chain() -> list[ChainLink]:
    """A job's ribbon, half way."""
    return [
        ChainLink("donor", "Open TPU Programme", "#", "program"),
        ChainLink("pledge", "v4 chips, 2026 H2", "#", formats.hours_text(240_000 * 3600, TPU)),
        ChainLink("allocation", "Low-resource LMs", "#", formats.hours_text(18_400 * 3600, TPU)),
        ChainLink("job", "pretrain-410m", "#", "3 attempts", "current"),
        ChainLink("run", "loss 1.71", "", "61,440 steps"),
    ]


def _loss(scale: float, steps: int) -> list[charts.Point]:
    values = [(i * 10, scale * (1.6 + 2.6 * math.exp(-i / 28) + 0.05 * math.sin(i * 1.7))) for i in range(1, steps)]
    return [charts.Point(x, y, y - 0.14, y + 0.16) for x, y in values]


def sample_charts() -> dict[str, Any]:
    """One of each picture."""
    step, loss = charts.Axis("step"), charts.Axis("loss")
    donors = [
        charts.Node(*pair) for pair in (("a", "Open TPU Programme"), ("b", "Northwind Cloud"), ("c", "Volunteers"))
    ]
    projects = [charts.Node(*pair) for pair in (("p", "Low-resource LMs"), ("q", "Interpretability"), ("r", "Speech"))]
    results = [charts.Node(*pair) for pair in (("m", "21 models"), ("n", "9 papers"), ("o", "14 data sets"))]
    weights = {
        "a": {"p": 24, "q": 12, "r": 9}, "b": {"p": 8, "q": 10}, "c": {"p": 2, "r": 6},
        "p": {"m": 20, "n": 8, "o": 6}, "q": {"m": 8, "n": 14}, "r": {"m": 9, "o": 6},
    }  # fmt: skip
    parts = [charts.Part(name, share, f"{share} %") for name, share in (("Cloud A", 54), ("Lab B", 21), ("others", 25))]
    return {
        "curve": charts.line_chart([charts.Curve("loss", _loss(1, 160))], x_axis=step, y_axis=loss),
        "curves": charts.line_chart(
            [charts.Curve(f"run {i}", [charts.Point(p.x, p.y) for p in _loss(1 + i / 9, 140)]) for i in range(3)],
            x_axis=step,
        ),
        "no_curve": charts.line_chart([charts.Curve("accuracy", [])], x_axis=step),
        "flow": charts.flow(
            [donors, projects, results],
            [charts.Band(a, b, size) for a, targets in weights.items() for b, size in targets.items()],
            label="Hours of three donors flow into three projects and become models, papers and data sets",
        ),
        "bars": charts.bars(parts),
        "spark": charts.sparkline([4, 3, 3.2, 2.4, 2.1, 2.2, 1.9, 1.7], label="loss falls from 4 to 1.7"),
    }


def context(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Everything core/style.html draws."""
    tones = {
        Tone.OK: "published",
        Tone.BUSY: "running",
        Tone.WARN: "overdue",
        Tone.BAD: "failed",
        Tone.REST: "queued",
    }
    return {
        "chain": sample_chain(), "form": sample_form(), "listing": sample_listing(request, now),
        "charts": sample_charts(), "tones": tones, "card": CARD, "log": LOG,
        "type": TPU, "seconds": 4_464_000, "soon": now + timedelta(minutes=40), "ago": now - timedelta(hours=5),
        "request": request,
    }  # fmt: skip
