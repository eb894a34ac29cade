"""Donors' conditions: each kind, and the lattice that they form."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.allocations.enums import DataClass, Openness, Purpose
from compute.allocations.rules import (
    Clause,
    Declaration,
    Terms,
    clash,
    effective,
    failing_clauses,
    fits,
    meet,
    openness_of,
    terms_of,
)
from grants.funding.enums import Enforcement, RestrictionKind

K = RestrictionKind


def clause(
    kind: RestrictionKind, *, no: int = 1, enforcement: Enforcement = Enforcement.BLOCK, **parameter: Any
) -> Clause:
    return Clause(kind, parameter, enforcement, f"About {kind.value}.", no, "TRC-2026")


@pytest.mark.parametrize(
    ("licence", "openness"),
    [
        ("Apache-2.0", Openness.PERMISSIVE),
        (" mit ", Openness.PERMISSIVE),
        ("cc-by-sa-4.0", Openness.OSI_OR_CC),
        ("proprietary", Openness.ANY),
        ("", Openness.ANY),
    ],
)
def test_how_open_a_licence_is(licence: str, openness: Openness) -> None:
    assert openness_of(licence) == openness


FITS: list[tuple[Clause, Declaration, str]] = [
    (clause(K.FIELD, values=["NLP", "bio"]), Declaration(fields=frozenset({"nlp"})), ""),
    (clause(K.FIELD, values=["nlp"]), Declaration(fields=frozenset({"NLP", "law"})), "law"),
    (clause(K.FIELD, values=["nlp"]), Declaration(fields=frozenset()), "no field"),
    (clause(K.PROJECT_LIST, values=["river"]), Declaration(project="River"), ""),
    (clause(K.PROJECT_LIST, values=["river"]), Declaration(project="sea"), "sea"),
    (clause(K.REGION, values=["eu"]), Declaration(region="eu"), ""),
    (clause(K.REGION, values=["eu"]), Declaration(region="us"), "us"),
    (clause(K.REGION, values=["eu"]), Declaration(region=""), "no region"),
    (clause(K.OPEN_LICENCE, at_least="osi_or_cc"), Declaration(licence="gpl-3.0-or-later"), ""),
    (clause(K.OPEN_LICENCE), Declaration(licence="proprietary"), "proprietary"),
    (clause(K.OPEN_LICENCE), Declaration(licence=""), "no licence"),
    (clause(K.OPEN_LICENCE, at_least="permissive"), Declaration(licence="cc-by-sa-4.0"), "cc-by-sa-4.0"),
    (clause(K.OPEN_LICENCE, at_least="any"), Declaration(licence="proprietary"), ""),
    (clause(K.DATA_CLASS, at_most="internal"), Declaration(data_class=DataClass.INTERNAL), ""),
    (clause(K.DATA_CLASS, at_most="internal"), Declaration(data_class=DataClass.PERSONAL), "personal"),
    (clause(K.NON_COMMERCIAL), Declaration(purpose=Purpose.NON_COMMERCIAL), ""),
    (clause(K.NON_COMMERCIAL), Declaration(purpose=Purpose.COMMERCIAL), "with a commercial aim"),
    (clause(K.NO_VOLUNTEERS), Declaration(is_open_collaboration=True), "an open collaboration"),
    (clause(K.NO_VOLUNTEERS), Declaration(is_open_collaboration=False), ""),
    (clause(K.PUBLISH_BY, months=12), Declaration(accepts_publishing=True), ""),
    (clause(K.PUBLISH_BY, months=12), Declaration(accepts_publishing=False), "publishing not accepted"),
    (clause(K.HARDWARE_ONLY), Declaration(), ""),
    (clause(K.CITE), Declaration(licence="proprietary"), ""),
    (clause(K.FIELD, values=["nlp"]), Declaration(), ""),
]


@pytest.mark.parametrize(("wanted", "said", "declared"), FITS)
def test_a_clause_fits_or_names_what_was_declared(wanted: Clause, said: Declaration, declared: str) -> None:
    failing = failing_clauses([wanted], said)
    assert [failure.declared for failure in failing] == ([declared] if declared else [])
    assert fits(terms_of(wanted), said) == (not declared)
    assert all(failure.way_out for failure in failing)


def test_a_failing_clause_quotes_pledge_number_and_text() -> None:
    failing = failing_clauses([clause(K.OPEN_LICENCE, no=3)], Declaration(licence="proprietary"))[0]
    assert str(failing) == "Clause 3 of pledge TRC-2026: “About open_licence.” Declared: proprietary."
    assert failing.way_out == "Choose an open licence (OSI or Creative Commons)."
    assert failing.is_blocking


def test_a_warning_does_not_block() -> None:
    warned = clause(K.NON_COMMERCIAL, enforcement=Enforcement.WARN)
    assert [f.is_blocking for f in failing_clauses([warned], Declaration(purpose=Purpose.COMMERCIAL))] == [False]


def test_all_failing_clauses_are_named_in_order() -> None:
    clauses = [clause(K.NON_COMMERCIAL, no=1), clause(K.CITE, no=2), clause(K.OPEN_LICENCE, no=3)]
    said = Declaration(purpose=Purpose.COMMERCIAL, licence="x")
    assert [failure.clause.clause_no for failure in failing_clauses(clauses, said)] == [1, 3]


def test_clauses_that_allow_nothing_together_are_named() -> None:
    one, two = clause(K.REGION, no=1, values=["eu"]), clause(K.REGION, no=2, values=["us"])
    assert clash([one, clause(K.CITE), two]) == (one, two)
    assert clash([one, clause(K.REGION, values=["eu", "us"])]) is None
    warned = clause(K.REGION, values=["us"], enforcement=Enforcement.WARN)
    assert clash([one, warned]) is None


def test_three_clauses_may_clash_without_any_two_doing_so() -> None:
    trio = [clause(K.FIELD, no=n, values=values) for n, values in enumerate((["a", "b"], ["b", "c"], ["a", "c"]))]
    assert clash(trio) == (trio[0], trio[2])


SETS = st.one_of(st.none(), st.frozensets(st.sampled_from(["a", "b", "c"])))
TERMS = st.builds(
    Terms,
    fields=SETS,
    projects=SETS,
    regions=SETS,
    openness=st.sampled_from(list(Openness)),
    data_class=st.sampled_from(list(DataClass)),
    is_non_commercial=st.booleans(),
    is_without_volunteers=st.booleans(),
    is_hardware_only=st.booleans(),
    publish_by_months=st.one_of(st.none(), st.integers(1, 120)),
    cite=st.frozensets(st.sampled_from(["x", "y"])),
)
SAID = st.builds(
    Declaration,
    fields=st.one_of(st.none(), st.frozensets(st.sampled_from(["a", "b", "c"]))),
    project=st.sampled_from([None, "a", "b"]),
    region=st.sampled_from([None, "a", "b", ""]),
    licence=st.sampled_from([None, "mit", "gpl-3.0-only", "proprietary"]),
    data_class=st.sampled_from([None, *DataClass]),
    purpose=st.sampled_from([None, *Purpose]),
    is_open_collaboration=st.sampled_from([None, True, False]),
    accepts_publishing=st.sampled_from([None, True, False]),
)
VALUES = st.fixed_dictionaries({"values": st.lists(st.sampled_from(["a", "b", "c"]))})
CLAUSES = st.one_of(
    st.builds(lambda kind, p: clause(kind, **p), st.sampled_from([K.FIELD, K.PROJECT_LIST, K.REGION]), VALUES),
    st.builds(lambda level: clause(K.OPEN_LICENCE, at_least=level.value), st.sampled_from(list(Openness))),
    st.builds(lambda level: clause(K.DATA_CLASS, at_most=level.value), st.sampled_from(list(DataClass))),
    st.builds(clause, st.sampled_from([K.NON_COMMERCIAL, K.NO_VOLUNTEERS, K.HARDWARE_ONLY, K.CITE, K.PUBLISH_BY])),
)


@given(TERMS, TERMS, TERMS)
def test_meet_is_associative_commutative_and_idempotent(a: Terms, b: Terms, c: Terms) -> None:
    assert meet(a, meet(b, c)) == meet(meet(a, b), c)
    assert meet(a, b) == meet(b, a)
    assert meet(a, a) == a
    assert meet(a, Terms()) == a


@given(st.lists(CLAUSES), CLAUSES, SAID)
def test_one_clause_more_never_allows_more(clauses: list[Clause], more: Clause, said: Declaration) -> None:
    assert len(failing_clauses([*clauses, more], said)) >= len(failing_clauses(clauses, said))
    assert fits(effective(clauses), said) or not fits(effective([*clauses, more]), said)


@given(st.lists(CLAUSES), SAID)
def test_the_meet_fits_exactly_what_every_clause_fits(clauses: list[Clause], said: Declaration) -> None:
    assert fits(effective(clauses), said) == (not failing_clauses(clauses, said))


@given(st.lists(CLAUSES, max_size=5))
def test_a_clash_is_found_exactly_where_a_set_is_empty(clauses: list[Clause]) -> None:
    terms = effective(clauses)
    alone_empty = any(
        getattr(terms_of(each), name) == frozenset() for each in clauses for name in ("fields", "projects", "regions")
    )
    is_empty = frozenset() in {terms.fields, terms.projects, terms.regions}
    if not alone_empty:
        assert (clash(clauses) is not None) == is_empty
