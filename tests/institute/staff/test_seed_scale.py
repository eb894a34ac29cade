"""The seeded institute is one that the database's and the ledger's own checks accept."""

import json

import pytest
from django.core.management import CommandError, call_command

from compute.allocations.models import HoursTransaction
from compute.jobs.models import Job
from grants.donors.models import Donor
from institute.core.models import AuditEntry
from tests.factories.donors import DonorFactory


def test_every_list_has_that_many_rows_and_the_ledger_holds(transactional_db, capsys):
    call_command("seed_scale", "--rows", "3", "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["rows"] == 3
    assert (Donor.objects.count(), Job.objects.count(), AuditEntry.objects.count()) == (3, 3, 3)
    assert HoursTransaction.objects.count() == 3 * 4
    call_command("verify_hours")


def test_an_institute_with_donors_is_left_alone(db):
    DonorFactory.create()
    with pytest.raises(CommandError, match="has donors already"):
        call_command("seed_scale", "--rows", "1")
    assert Donor.objects.count() == 1


@pytest.mark.parametrize("rows", ["0", "-1", "1000001"])
def test_a_number_of_rows_beyond_reason_is_refused(db, rows):
    with pytest.raises(CommandError, match="between 1 and"):
        call_command("seed_scale", "--rows", rows)
