"""Pages of the furniture itself: the accent's style sheet and the page that shows every part."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control

from institute.core.ui import accent


@cache_control(public=True, max_age=86_400)
def accent_css(request: HttpRequest) -> HttpResponse:
    """The institute's own accent as a style sheet; 404 while none is set."""
    if not settings.INSTITUTE_ACCENT:
        raise Http404
    return HttpResponse(accent.stylesheet(settings.INSTITUTE_ACCENT), content_type="text/css")
