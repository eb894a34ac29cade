"""What every page's frame needs: the institute's name and look, the navigation, the languages."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, get_language_info

from institute.core.ui import accent, navigation


def institute(request: HttpRequest) -> dict[str, Any]:
    """Context processor; nothing is asked of the database before a template uses it."""
    return {
        "institute": {
            "name": settings.INSTITUTE_NAME,
            "logo_url": settings.INSTITUTE_LOGO_URL,
            "accent": settings.INSTITUTE_ACCENT,
            "accent_url": accent.stylesheet_url(settings.INSTITUTE_ACCENT),
        },
        "navigation": SimpleLazyObject(lambda: navigation.Navigation(request)),
        "languages": SimpleLazyObject(lambda: _languages(request)),
        "search_url": SimpleLazyObject(navigation.search_url),
        "donor_count": SimpleLazyObject(navigation.donor_count),
    }


def _languages(request: HttpRequest) -> list[navigation.LanguageLink]:
    named = [(code, str(get_language_info(code)["name_local"]).capitalize()) for code, _name in settings.LANGUAGES]
    return navigation.language_links(request, named, get_language() or settings.LANGUAGE_CODE)
