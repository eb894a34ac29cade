"""The file of a donor: who sees its pledges, what it agrees to, how it is reached."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from grants.donors.enums import DonorKind
from grants.donors.models import Consent, ContactPoint, PortalAccess
from institute.people.enums import Role
from tests.factories.donors import DonorFactory
from tests.factories.funding import active_pledge
from tests.factories.people import UserFactory, user_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(user_with(Role.GRANTS_OFFICER), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def api() -> APIClient:
    client = APIClient()
    client.force_authenticate(user_with(Role.GRANTS_OFFICER))
    return client


def test_a_contact_is_added_sees_the_pledges_and_is_ended(desk: Client, client: Client) -> None:
    pledge, contact = active_pledge(title="Hosts 2026"), user_with(Role.DONOR_CONTACT)
    client.force_login(contact, backend="django.contrib.auth.backends.ModelBackend")
    file = f"/staff/donors/{pledge.donor.public_id}"
    assert client.get("/pledges").status_code == 404
    answer = desk.post(f"{file}/contacts", {"email": contact.email}, follow=True)
    assert str(contact) in answer.content.decode()
    assert "Hosts 2026" in client.get("/pledges").content.decode()
    desk.post(f"{file}/contacts/{contact.public_id}/end")
    assert client.get("/pledges").status_code == 404
    assert desk.post(f"{file}/contacts/{contact.public_id}/end").status_code == 404


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("nobody@example.org", "Nobody has an account with this address."),
        ("plain@example.org", "does not have the role of a donor&#x27;s contact."),
        ("", "This field is required."),
    ],
)
def test_who_cannot_be_a_contact_is_refused_beside_the_field(desk: Client, email: str, sentence: str) -> None:
    UserFactory.create(email="plain@example.org")
    answer = desk.post(f"/staff/donors/{DonorFactory.create().public_id}/contacts", {"email": email})
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert not PortalAccess.objects.exists()


def test_a_consent_names_a_person_in_public_until_it_is_withdrawn(desk: Client, client: Client) -> None:
    person = DonorFactory.create(kind=DonorKind.PERSON, name="Ada Okoro")
    file = f"/staff/donors/{person.public_id}"
    assert desk.post(f"{file}/consents", {"purpose": "public_name"}).status_code == 422
    assert client.get(f"/donors/{person.public_id}").status_code == 404
    page = desk.post(f"{file}/consents", {"purpose": "public_name", "source": "letter of May"}, follow=True)
    assert "letter of May" in page.content.decode()
    assert "Ada Okoro" in client.get(f"/donors/{person.public_id}").content.decode()
    desk.post(f"{file}/consents/public_name/withdraw")
    assert client.get(f"/donors/{person.public_id}").status_code == 404
    assert Consent.objects.get().withdrawn_at is not None
    assert desk.post(f"{file}/consents/public_name/withdraw").status_code == 404


def test_an_address_is_noted(desk: Client) -> None:
    file = f"/staff/donors/{DonorFactory.create().public_id}"
    assert desk.post(f"{file}/points", {"channel": "pigeon", "value": "x"}).status_code == 422
    page = desk.post(f"{file}/points", {"channel": "email", "value": "office@example.org"}, follow=True)
    assert "office@example.org" in page.content.decode()
    assert ContactPoint.objects.get().value == "office@example.org"


def test_the_api_keeps_contacts_and_consents(api: APIClient) -> None:
    donor, contact = DonorFactory.create(), user_with(Role.DONOR_CONTACT)
    base = f"/api/v1/donors/{donor.public_id}"
    assert api.post(f"{base}/contacts", {"email": "nobody@example.org"}).status_code == 400
    assert api.post(f"{base}/contacts", {"email": user_with(Role.FINANCE).email}).status_code == 422
    assert api.post(f"{base}/contacts", {"email": contact.email}).status_code == 201
    assert [row["email"] for row in api.get(f"{base}/contacts").json()["results"]] == [contact.email]
    assert api.post(f"{base}/contacts/{contact.public_id}/end").json()["ends_at"] is not None
    assert api.get(f"{base}/contacts").json()["results"] == []
    assert api.post(f"{base}/contacts/{contact.public_id}/end").status_code == 409
    assert api.post(f"{base}/consents", {"purpose": "newsletter", "source": "mail"}).status_code == 201
    assert [row["source"] for row in api.get(f"{base}/consents").json()["results"]] == ["mail"]
    assert api.post(f"{base}/consents/newsletter/withdraw").json()["withdrawn_at"] is not None
    assert api.post(f"{base}/consents/newsletter/withdraw").status_code == 404
    assert api.post(f"{base}/consents/portal/withdraw").status_code == 404


def test_only_the_desk_reads_the_file_through_the_api(api: APIClient) -> None:
    private = DonorFactory.create(kind=DonorKind.PERSON)
    assert api.get(f"/api/v1/donors/{private.public_id}/contacts").status_code == 200
    api.force_authenticate(user_with(Role.FINANCE))
    assert api.get(f"/api/v1/donors/{private.public_id}/contacts").status_code == 403
    api.force_authenticate(UserFactory.create())
    assert api.get(f"/api/v1/donors/{private.public_id}/contacts").status_code == 404
