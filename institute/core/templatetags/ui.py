"""`{% load ui %}`: the tags and filters every page uses; handbook/ui.md shows each."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.template import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from institute.core import ports
from institute.core.ui import badges, charts, formats, forms, icons, navigation, prose
from institute.core.ui.chain import ChainLink, complete

register = template.Library()


@register.simple_tag
def badge(obj: Any, field: str = "status") -> SafeString:
    """The badge of an enum member or of a model instance's field: `{% badge job %}`, `{% badge job "visibility" %}`."""
    return badges.badge_for(obj, field)


@register.simple_tag
def tone(name: str, text: str) -> SafeString:
    """A badge without an enum: `{% tone "warn" text %}`."""
    return badges.badge(name, text)


@register.filter
def hours(seconds: int | None, accelerator: Any = None) -> SafeString:
    """Accelerator-seconds of a type: `{{ pledge.seconds|hours:pledge.accelerator_type }}`."""
    return formats.hours(seconds, accelerator)


@register.filter
def money(minor: int | None, currency: str) -> SafeString:
    """Minor units of a currency: `{{ gift.amount_minor|money:gift.currency }}`."""
    return formats.money(minor, currency)


@register.filter
def when(moment: datetime | date | None) -> SafeString:
    """Relative time with the instant on hover: `{{ job.started_at|when }}`."""
    return formats.when(moment)


@register.filter
def last_day(end: datetime) -> str:
    """The last day of a span, whose end is exclusive: `{{ allocation.ends_at|last_day }}`."""
    return formats.last_day_text(end)


@register.filter
def day(moment: datetime | date) -> str:
    """The day alone: `{{ allocation.starts_at|day }} – {{ allocation.ends_at|day }}`."""
    return formats.day_text(moment)


@register.filter
def status(value: str, obj: Any) -> str:
    """A status that the object has or had, as people read it: `{{ step.to_status|status:job }}`."""
    return badges.label_for(obj, value)


@register.filter(name="bytes")
def size(count: int | None) -> SafeString:
    """Bytes in decimal units: `{{ blob.size|bytes }}`."""
    return formats.size(count)


@register.filter
def number(value: Any, digits: int = 0) -> str:
    """A plain number with the language's separators: `{{ n|number }}`, `{{ loss|number:3 }}`."""
    return formats.number(value, digits)


@register.filter
def markdown(text: str, below: int = 2) -> SafeString:
    """Safe HTML; headings start below level `below`: `{{ card|markdown }}`, `{{ card|markdown:3 }}`."""
    return prose.markdown(text, below)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A small picture; with `label` where no text stands beside it."""
    return icons.icon(name, label)


@register.simple_tag
def field(bound: BoundField, **attrs: Any) -> SafeString:
    """Label, widget, help and error: `{% field form.steps inputmode="numeric" %}`."""
    return forms.render_field(bound, **attrs)


@register.inclusion_tag("core/_form_errors.html")
def form_errors(form: BaseForm) -> dict[str, Any]:
    """What is wrong with the form as a whole, and links to the fields with errors; nothing if all is well."""
    return {"form": form, "invalid": [field for field in form.visible_fields() if field.errors]}


@register.inclusion_tag("core/_chain.html", takes_context=True)
def chain(context: Context, obj: Any) -> dict[str, Any]:
    """The ribbon donor → paper of an object (through the port `core.chain`) or of a list of ChainLink."""
    is_links = isinstance(obj, Sequence) and all(isinstance(link, ChainLink) for link in obj)
    links = obj if is_links else ports.filler("core.chain")(obj, request=context.get("request"))
    return {"links": complete(links)}


@register.simple_tag
def institute_name() -> str:
    """For pages that must stand without a request or a database."""
    return str(settings.INSTITUTE_NAME)


@register.inclusion_tag("core/_live.html")
def live(url: str) -> dict[str, Any]:
    """The line that says when a live page last heard, and its script: `{% live stream_url %}`, once per page.

    Leave it out when nothing more can change: open pages then end their stream.
    """
    return {"url": url, "now": timezone.now()}


@register.simple_tag
def meter(*parts: Any) -> SafeString:
    """A bar of parts: `{% meter _("Spent") spent _("Held") held total %}`; sizes are in the unit of the total."""
    *pairs, total = parts
    shares = zip(pairs[::2], pairs[1::2], strict=True)
    return charts.meter([charts.Part(str(label), float(value)) for label, value in shares], float(total))


@register.simple_tag
def root() -> str:
    """The start page in the active language; addresses below it may follow: `{% root %}donors`."""
    return navigation.root()
