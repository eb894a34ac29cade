"""The chain ribbon: where an object stands between the donor and the public."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LinkState = Literal["done", "current", "future"]

STAGES: dict[str, str | Promise] = {
    "donor": _("Donor"),
    "pledge": _("Pledge"),
    "allocation": _("Allocation"),
    "job": _("Job"),
    "run": _("Run"),
    "model": _("Model"),
    "paper": _("Paper"),
}


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One stage of the ribbon.

    `stage` is a key of STAGES; `label` the object's own name, "" while it does not exist; `url` "" where the
    reader may not open it; `detail` one short line below ("18,400 chip-h", "3 attempts").
    """

    stage: str
    label: str | Promise = ""
    url: str = ""
    detail: str | Promise = ""
    state: LinkState = "done"

    @property
    def title(self) -> str | Promise:
        """The stage's name in the reader's language."""
        return STAGES[self.stage]


def complete(links: Sequence[ChainLink]) -> list[ChainLink]:
    """`links` in the order of the chain, with a future link for every stage that none of them names."""
    named = {link.stage for link in links}
    missing = [ChainLink(stage=stage, state="future") for stage in STAGES if stage not in named]
    order = list(STAGES)
    return sorted([*links, *missing], key=lambda link: order.index(link.stage))
