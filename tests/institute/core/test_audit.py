"""The audit trail cannot be changed, and a change by a superuser shows."""

from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.utils import Error

from institute.core import audit
from institute.core.models import AuditEntry
from tests.factories.donors import DonorFactory
from tests.factories.people import TESTER


def entries(count: int) -> None:
    donor = DonorFactory.create()
    for number in range(count):
        audit.record(by=TESTER, action="donor.change", subject=donor, details={"n": number, "é": "日本"})


@pytest.mark.django_db
def test_sealing_covers_each_entry_once_and_verifies() -> None:
    entries(5)
    assert audit.seal(limit=3) == 3
    assert audit.seal() == 2
    assert audit.seal() == 0
    assert list(audit.verify()) == []


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["UPDATE core_auditentry SET action = 'x'", "DELETE FROM core_auditentry"])
def test_the_application_cannot_change_an_entry(statement: str) -> None:
    entries(1)
    with pytest.raises(Error, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_owner_is_stopped_by_the_trigger(owner_connection: psycopg.Connection[Any]) -> None:
    entries(1)
    with pytest.raises(psycopg.Error, match="append-only"):
        owner_connection.execute("UPDATE core_auditentry SET action = 'x'")


def test_a_superusers_change_breaks_the_chain_and_names_the_entry(
    superuser_connection: psycopg.Connection[Any],
) -> None:
    entries(3)
    audit.seal()
    forged = AuditEntry.objects.order_by("id")[1]
    superuser_connection.execute("SET session_replication_role = replica")
    superuser_connection.execute("UPDATE core_auditentry SET action = 'x' WHERE id = %s", [forged.pk])
    superuser_connection.commit()
    assert [found.entry_id for found in audit.verify()] == [forged.public_id]


def test_a_missing_link_is_named(superuser_connection: psycopg.Connection[Any]) -> None:
    entries(3)
    audit.seal()
    superuser_connection.execute("SET session_replication_role = replica")
    superuser_connection.execute("DELETE FROM core_auditseal WHERE position = 2")
    superuser_connection.commit()
    assert "position 2 is missing" in [found.why for found in audit.verify()]
