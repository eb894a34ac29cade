"""An institute with as many rows as one likes in every list: for tests and measurements, never for people.

Rows go in by the thousand, past the actions but not past the database's own rules; the hours ledger gets whole,
balanced transactions. All hangs on the first donor, project and allocation, so that their pages carry the weight.
"""

from dataclasses import dataclass

from django.db import connection

from institute.people.models import User
from institute.staff.management.scale import catalogue, giving, granting, office, training
from institute.staff.management.scale.bulk import Plan


@dataclass(frozen=True)
class Seeded:
    """Where to look: public ids and addresses of what carries the weight, and who sees all of it."""

    admin: User
    lead: User
    plan: Plan


def seed(rows: int) -> Seeded:
    """Write `rows` rows for every list; the caller holds the transaction."""
    plan = Plan(rows)
    with connection.cursor() as cursor:  # nothing tells the database of its new rows before it checks each at commit
        cursor.execute("SET LOCAL enable_seqscan = off")
    people = office.people(plan)
    given = giving.given(plan)
    granted = granting.granted(plan, given, people)
    trained = training.trained(plan, granted)
    catalogue.shown(plan, granted, trained)
    office.papers_of_the_office(plan, people[1])
    return Seeded(admin=people[0], lead=people[1], plan=plan)
