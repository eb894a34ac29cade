"""How tests read the hours ledger."""

from compute.allocations.enums import AccountKind
from compute.allocations.models import AllocationSource, HoursAccount
from grants.funding.models import Pledge


def of_source(source: AllocationSource) -> dict[str, int]:
    """Every balance of a source."""
    return dict(HoursAccount.objects.filter(source=source).values_list("kind", "balance"))


def of_pledge(pledge: Pledge) -> dict[str, int]:
    """The balances of a pledge's own accounts."""
    return dict(HoursAccount.objects.filter(pledge=pledge, source=None).values_list("kind", "balance"))


def balance(source: AllocationSource, kind: AccountKind) -> int:
    """One balance of a source."""
    return of_source(source)[kind]
