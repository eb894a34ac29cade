"""Every list and detail page at 1, 100 and 10,000 rows: at most 15 SQL, 40 CPU-ms and 100 KB, whatever the rows."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import transaction
from django.test import Client

from deploy.embedded.postgres import SUPERUSER
from tests.bench.measure import Cost, cost_of
from tests.conftest import DATABASE_NAME
from tests.servers import database
from tests.servers.run import TestRun


@pytest.fixture(scope="module", params=[1, 100, 10_000])
def seeded(
    request: pytest.FixtureRequest, test_run: TestRun, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Any]:
    """An institute with so many rows, committed and analysed as autovacuum would in time; emptied afterwards."""
    from institute.staff.management import scale  # needs the settings

    with django_db_blocker.unblock():
        with transaction.atomic():
            institute = scale.seed(request.param)
        with psycopg.connect(test_run.postgres.url(SUPERUSER, DATABASE_NAME), autocommit=True) as superuser:
            superuser.execute("VACUUM ANALYZE")
        yield institute
        database.empty(test_run, DATABASE_NAME)


def test_every_page_stays_within_its_bars(seeded: Any) -> None:
    from tests.bench.pages import OF_THE_LEAD, pages  # needs the settings

    clients = {person: Client(raise_request_exception=False) for person in (seeded.admin, seeded.lead)}
    for person, client in clients.items():
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    beyond: list[Cost] = []
    print()
    for name, address in pages():
        person = seeded.lead if name in OF_THE_LEAD else seeded.admin
        with transaction.atomic():
            cost = cost_of(name, address, clients[person], seeded.plan.rows)
            transaction.set_rollback(True)
        print(cost)
        if cost.is_beyond:
            beyond.append(cost)
    assert not beyond, "\n" + "\n".join(map(str, beyond))
