"""Who may do what with pledges, and what is allowed."""

from datetime import datetime, timedelta

import rules
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from grants.donors.rules import is_contact_of
from grants.funding.enums import TermsKind
from grants.funding.models import ComputeTerms, Pledge
from institute.core.errors import Refused
from institute.people.enums import Role
from institute.people.rules import holds, is_staff

LARGEST_AMOUNT = 10**15


@rules.predicate
def is_contact_of_pledge(user: object, pledge: object = None) -> bool:
    """The person is contact of the donor of the pledge."""
    return isinstance(pledge, Pledge) and bool(is_contact_of(user, pledge.donor))


def require_window(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Refuses a window that is empty or already over."""
    if starts_at >= ends_at:
        raise Refused(_("The window ends before it starts."), field="window_ends_at", rule="window")
    if ends_at <= now:
        raise Refused(
            _("The window is already over."),
            field="window_ends_at",
            rule="window",
            way_out=_("Choose an end in the future."),
        )


def require_built_kind(kind: TermsKind) -> None:
    """Refuses kinds of terms that the hours ledger cannot carry yet."""
    if kind != TermsKind.POOL:
        raise Refused(
            _("Only a pool of hours can be pledged so far."),
            field="kind",
            rule="terms-kind",
            way_out=_("Enter the promise as a pool: accelerators × hours of the window."),
        )


def require_amount(amount: int) -> None:
    """Refuses amounts that are not positive or beyond what the ledger holds."""
    if not 0 < amount <= LARGEST_AMOUNT:
        raise Refused(_("The amount must be more than zero and at most 10¹⁵ seconds."), field="hours", rule="amount")


def require_notice(pledge: Pledge, terms: ComputeTerms, effective_at: datetime, now: datetime) -> None:
    """Refuses a withdrawal with less notice than the terms give, or of an irrevocable pledge."""
    if pledge.is_irrevocable:
        raise Refused(_("%(pledge)s is irrevocable.") % {"pledge": pledge}, rule="irrevocable")
    if effective_at < now + timedelta(days=terms.notice_days):
        raise Refused(
            ngettext(
                "%(pledge)s can be withdrawn with %(days)d day's notice.",
                "%(pledge)s can be withdrawn with %(days)d days' notice.",
                terms.notice_days,
            )
            % {"pledge": pledge, "days": terms.notice_days},
            field="effective_at",
            rule="notice",
            way_out=_("Choose a later day."),
        )


rules.add_perm("funding.view_pledge", is_staff | is_contact_of_pledge)
rules.add_perm("funding.list_pledges", is_staff)
rules.add_perm("funding.list_own_pledges", holds(Role.DONOR_CONTACT))
rules.add_perm("funding.offer_pledge", holds(Role.GRANTS_OFFICER))
rules.add_perm("funding.accept_pledge", holds(Role.GRANTS_OFFICER))
rules.add_perm("funding.suspend_pledge", holds(Role.GRANTS_OFFICER))
rules.add_perm("funding.withdraw_pledge", holds(Role.GRANTS_OFFICER))
rules.add_perm("funding.accept_fulfilment", holds(Role.GRANTS_OFFICER))
