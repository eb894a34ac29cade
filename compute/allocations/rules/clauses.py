"""Donors' conditions as a lattice (ALLOCATION section 3): pure functions, nothing is read from the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from django.utils.translation import gettext as _

from compute.allocations.enums import DataClass, Openness, Purpose
from compute.allocations.rules.licences import openness_of
from grants.funding.enums import Enforcement, RestrictionKind
from grants.funding.models import Restriction

SETS = {RestrictionKind.FIELD: "fields", RestrictionKind.PROJECT_LIST: "projects", RestrictionKind.REGION: "regions"}
_OPENNESS = list(Openness)
_DATA = list(DataClass)


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of one pledge."""

    kind: RestrictionKind
    parameter: dict[str, Any]
    enforcement: Enforcement
    text: str
    clause_no: int
    pledge: str

    def __str__(self) -> str:
        return _("Clause %(number)d of pledge %(pledge)s: “%(text)s”") % {
            "number": self.clause_no,
            "pledge": self.pledge,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a project, request or job says of itself; None where nothing is said yet, which nothing judges."""

    fields: frozenset[str] | None = None
    project: str | None = None
    region: str | None = None
    licence: str | None = None
    data_class: DataClass | None = None
    purpose: Purpose | None = None
    is_open_collaboration: bool | None = None
    accepts_publishing: bool | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The meet of clauses. The default is the top: no condition."""

    fields: frozenset[str] | None = None
    projects: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    openness: Openness = Openness.ANY
    data_class: DataClass = DataClass.SPECIAL
    is_non_commercial: bool = False
    is_without_volunteers: bool = False
    is_hardware_only: bool = False
    publish_by_months: int | None = None
    cite: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class FailingClause:
    """A clause that a declaration does not meet, what was declared, and what would help."""

    clause: Clause
    declared: str
    way_out: str

    @property
    def is_blocking(self) -> bool:
        """True if it refuses, False if it only warns or is reported."""
        return self.clause.enforcement == Enforcement.BLOCK

    def __str__(self) -> str:
        return _("%(clause)s Declared: %(declared)s.") % {"clause": self.clause, "declared": self.declared}


def clause_of(restriction: Restriction) -> Clause:
    """A stored clause as a value; `restriction.pledge` must be loaded."""
    return Clause(
        kind=RestrictionKind(restriction.kind),
        parameter=restriction.parameter,
        enforcement=Enforcement(restriction.enforcement),
        text=restriction.text,
        clause_no=restriction.clause_no,
        pledge=restriction.pledge.title,
    )


def terms_of(clause: Clause) -> Terms:
    """One clause as terms."""
    parameter = clause.parameter
    if clause.kind in SETS:
        values = frozenset(str(value).lower() for value in parameter.get("values", ()))
        return Terms(**{SETS[clause.kind]: values})  # type: ignore[arg-type]  # the three sets have one type
    match clause.kind:
        case RestrictionKind.OPEN_LICENCE:
            return Terms(openness=Openness(parameter.get("at_least", Openness.OSI_OR_CC)))
        case RestrictionKind.DATA_CLASS:
            return Terms(data_class=DataClass(parameter.get("at_most", DataClass.PUBLIC)))
        case RestrictionKind.NON_COMMERCIAL:
            return Terms(is_non_commercial=True)
        case RestrictionKind.NO_VOLUNTEERS:
            return Terms(is_without_volunteers=True)
        case RestrictionKind.HARDWARE_ONLY:
            return Terms(is_hardware_only=True)
        case RestrictionKind.PUBLISH_BY:
            return Terms(publish_by_months=int(parameter.get("months", 12)))
        case _:
            return Terms(cite=frozenset({clause.text}))


def meet(one: Terms, other: Terms) -> Terms:
    """The weakest terms that keep both: associative, commutative, idempotent."""
    months = [m for m in (one.publish_by_months, other.publish_by_months) if m is not None]
    return Terms(
        fields=_intersection(one.fields, other.fields),
        projects=_intersection(one.projects, other.projects),
        regions=_intersection(one.regions, other.regions),
        openness=max(one.openness, other.openness, key=_OPENNESS.index),
        data_class=min(one.data_class, other.data_class, key=_DATA.index),
        is_non_commercial=one.is_non_commercial or other.is_non_commercial,
        is_without_volunteers=one.is_without_volunteers or other.is_without_volunteers,
        is_hardware_only=one.is_hardware_only or other.is_hardware_only,
        publish_by_months=min(months) if months else None,
        cite=one.cite | other.cite,
    )


def _intersection(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def effective(clauses: Iterable[Clause]) -> Terms:
    """The meet over all clauses."""
    return reduce(meet, map(terms_of, clauses), Terms())


def clash(clauses: Sequence[Clause]) -> tuple[Clause, Clause] | None:
    """Two clauses that together allow nothing, None if the blocking ones leave something."""
    blocking = [clause for clause in clauses if clause.enforcement == Enforcement.BLOCK and clause.kind in SETS]
    for kind, name in SETS.items():
        alike = [clause for clause in blocking if clause.kind == kind]
        left: frozenset[str] | None = None
        for clause in alike:
            narrowed = _intersection(left, getattr(terms_of(clause), name))
            if left and not narrowed:
                return _partner(clause, alike, name), clause
            left = narrowed
    return None


def _partner(clause: Clause, alike: Sequence[Clause], name: str) -> Clause:
    """The clause that shares nothing with `clause`, else the first: three may clash without any two doing so."""
    own = getattr(terms_of(clause), name)
    return next((other for other in alike if not getattr(terms_of(other), name) & own), alike[0])


def failing_clauses(clauses: Iterable[Clause], declaration: Declaration) -> list[FailingClause]:
    """Every clause that the declaration does not meet, in the order given."""
    found = []
    for clause in clauses:
        failure = _failure(terms_of(clause), declaration)
        if failure is not None:
            found.append(FailingClause(clause, *failure))
    return found


def fits(terms: Terms, declaration: Declaration) -> bool:
    """True if the declaration meets the terms in all it declares."""
    return _failure(terms, declaration) is None


def _failure(terms: Terms, said: Declaration) -> tuple[str, str] | None:
    """What was declared against the terms, and the way out; None if it fits."""
    return _set_failure(terms, said) or _kind_failure(terms, said)


def _set_failure(terms: Terms, said: Declaration) -> tuple[str, str] | None:
    if terms.fields is not None and said.fields is not None:
        own = {name.lower() for name in said.fields}
        if not own or not own <= terms.fields:
            return ", ".join(sorted(own - terms.fields)) or _("no field"), _("Use hours of another pledge.")
    if terms.projects is not None and said.project is not None and said.project.lower() not in terms.projects:
        return said.project, _("Use hours of another pledge.")
    if terms.regions is not None and said.region is not None and said.region.lower() not in terms.regions:
        return said.region or _("no region"), _("Choose a cluster in one of these regions: %(regions)s.") % {
            "regions": ", ".join(sorted(terms.regions))
        }
    return None


def _kind_failure(terms: Terms, said: Declaration) -> tuple[str, str] | None:
    if said.licence is not None and _OPENNESS.index(openness_of(said.licence)) < _OPENNESS.index(terms.openness):
        wanted = {"licence": Openness(terms.openness).label}
        return said.licence or _("no licence"), _("Choose %(licence)s.") % wanted
    if said.data_class is not None and _DATA.index(said.data_class) > _DATA.index(terms.data_class):
        return str(DataClass(said.data_class).label), _("Use less sensitive data or hours of another pledge.")
    if terms.is_non_commercial and said.purpose == Purpose.COMMERCIAL:
        return str(Purpose.COMMERCIAL.label), _("Use hours of another pledge.")
    if terms.is_without_volunteers and said.is_open_collaboration:
        return _("an open collaboration"), _("Use hours of another pledge.")
    if terms.publish_by_months is not None and said.accepts_publishing is False:
        return _("publishing not accepted"), _("A lead accepts to publish the results on the request.")
    return None
