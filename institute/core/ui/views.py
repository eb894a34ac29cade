"""Pages of the furniture itself: the accent's style sheet and the page that shows every part."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from institute.core.ui import accent, style


@cache_control(public=True, max_age=86_400)
def accent_css(request: HttpRequest) -> HttpResponse:
    """The institute's own accent as a style sheet; 404 while none is set."""
    if not settings.INSTITUTE_ACCENT:
        raise Http404
    return HttpResponse(accent.stylesheet(settings.INSTITUTE_ACCENT), content_type="text/css")


def style_page(request: HttpRequest) -> HttpResponse:
    """Every part of the furniture with invented content; for staff, or anyone while DEBUG is on."""
    if not (settings.DEBUG or getattr(request.user, "is_staff", False)):
        raise Http404
    messages.success(request, _("The pledge is accepted; its hours are ready to be granted."))
    return render(request, "core/style.html", style.context(request, timezone.now()))
