"""Donors: what is entered, who may be named, who may see."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grants.donors import actions, queries, rules
from grants.donors.actions.donors import DonorDraft
from grants.donors.enums import ConsentPurpose, ContactChannel, DonorKind
from grants.donors.models import ContactPoint, Donor
from institute.core.errors import Conflict, Refused
from institute.people.enums import Role
from tests.factories.donors import DonorFactory
from tests.factories.people import TESTER, UserFactory, user_with

pytestmark = pytest.mark.django_db


def test_a_donor_is_entered_and_changed() -> None:
    donor = actions.create_donor(draft=DonorDraft(name=" Élan Cloud ", country="FR", org_id="FR-1"), by=TESTER)
    assert (donor.name, donor.sort_key, donor.country.code) == ("Élan Cloud", "elan cloud", "FR")
    donor = actions.change_donor(donor=donor, draft=DonorDraft(name="Elan", org_id="FR-1"), by=TESTER)
    assert donor.name == "Elan"


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (DonorDraft(name=" "), "name"),
        (DonorDraft(name="x" * 201), "name"),
        (DonorDraft(name="A", country="XX"), "country"),
        (DonorDraft(name="A", url="not a url"), "url"),
    ],
)
def test_what_a_field_does_not_allow_is_refused(draft: DonorDraft, field: str) -> None:
    with pytest.raises(Refused) as refusal:
        actions.create_donor(draft=draft, by=TESTER)
    assert refusal.value.field == field
    assert not Donor.objects.exists()


def test_an_identifier_belongs_to_one_donor() -> None:
    DonorFactory.create(org_id="US-EIN-1")
    with pytest.raises(Conflict, match="US-EIN-1"):
        actions.create_donor(draft=DonorDraft(name="B", org_id="US-EIN-1"), by=TESTER)


def test_a_contact_point_is_noted_once() -> None:
    donor = DonorFactory.create()
    for _ in range(2):
        actions.add_contact_point(donor=donor, channel=ContactChannel.EMAIL, value=" a@example.org ", by=TESTER)
    assert ContactPoint.objects.get().value == "a@example.org"


def test_a_person_is_named_only_with_consent() -> None:
    person = DonorFactory.create(kind=DonorKind.PERSON, name="Ada")
    assert queries.public_name(person) == "a private donor"
    actions.grant_consent(donor=person, purpose=ConsentPurpose.PUBLIC_NAME, source="letter", by=TESTER)
    again = actions.grant_consent(donor=person, purpose=ConsentPurpose.PUBLIC_NAME, source="mail", by=TESTER)
    assert again.source == "letter"
    assert queries.public_name(person) == "Ada"
    assert queries.public_name(queries.public_donors().get()) == "Ada"
    actions.withdraw_consent(donor=person, purpose=ConsentPurpose.PUBLIC_NAME, by=TESTER)
    assert queries.public_name(person) == "a private donor"
    with pytest.raises(Conflict):
        actions.withdraw_consent(donor=person, purpose=ConsentPurpose.PUBLIC_NAME, by=TESTER)


def test_a_contact_sees_the_donor_while_the_access_is_open() -> None:
    donor, contact, now = DonorFactory.create(), user_with(Role.DONOR_CONTACT), timezone.now()
    access = actions.grant_portal_access(donor=donor, user=contact, by=TESTER)
    assert actions.grant_portal_access(donor=donor, user=contact, by=TESTER) == access
    later = now + timedelta(seconds=5)
    assert list(queries.donors_visible_to(contact, later)) == [donor]
    assert rules.is_contact_of(contact, donor)
    assert rules.is_recused(contact, donor, later)
    actions.end_portal_access(donor=donor, user=contact, by=TESTER)
    assert list(queries.donors_visible_to(contact, later)) == []
    with pytest.raises(Conflict):
        actions.end_portal_access(donor=donor, user=contact, by=TESTER)


def test_staff_see_every_donor_and_strangers_none() -> None:
    donor = DonorFactory.create()
    now = timezone.now()
    assert list(queries.donors_visible_to(user_with(Role.FINANCE), now)) == [donor]
    assert list(queries.donors_visible_to(UserFactory.create(), now)) == []
    assert not rules.is_contact_of(None, donor)
