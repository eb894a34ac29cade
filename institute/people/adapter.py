"""How allauth makes and finds accounts here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from institute.core.ui import navigation


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Accounts are made by staff or by single sign-on; there is no open sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Closed: a research institute knows its people."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The front door of the person's work, where no other page was asked for."""
        return navigation.landing(request)


def name_tried(request: HttpRequest | None, credentials: dict[str, str] | None = None) -> str:
    """The address that somebody tried to sign in with, in lower case: what the lock-out counts by."""
    given = credentials or {}
    tried = given.get("email") or given.get("username") or (request.POST.get("login", "") if request else "")
    return tried.strip().lower()
