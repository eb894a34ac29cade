"""`{% load catalog %}`: addresses of artefacts and how measurements are written."""

from decimal import Decimal
from typing import Any

from django import template
from django.urls import reverse

from institute.catalog.models import Artifact, EvaluationResult
from institute.core.ui import formats

register = template.Library()


@register.simple_tag
def artifact_url(artifact: Artifact, page: str, rev: str = "", path: str = "") -> str:
    """An address below an artefact: `{% artifact_url artifact "download" revision.label file.path %}`."""
    given = {"handle": artifact.namespace.name, "name": artifact.name}
    given |= {name: value for name, value in (("rev", rev), ("path", path)) if value}
    return reverse(f"catalog:{artifact.kind}-{page}", kwargs=given)


@register.filter
def measured(row: EvaluationResult) -> str:
    """A value with as many digits as its error allows: "2.296 ± 0.003"."""
    if row.stderr:
        return f"{formats.number(row.value, 4)} ± {formats.number(row.stderr, 4)}"
    return figure(row.value)


@register.filter
def figure(value: Decimal | None) -> str:
    """A measured number with about four significant digits."""
    if value is None:
        return "–"
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 10 else 4
    return formats.number(value, digits)


@register.filter
def short_hash(text: Any) -> str:
    """The first characters of a hash, enough to compare by eye."""
    return str(text)[:10]
