"""The promises that the test run's own servers make to every other test."""

import os
import threading

import psycopg
import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection


def test_the_application_connects_as_a_role_that_owns_nothing(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)


def test_texts_sort_by_code_point(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(n ORDER BY n) FROM unnest(ARRAY['eau','Zebra','Élan','apple','Banque']) n")
        assert cursor.fetchone() == (["Banque", "Zebra", "apple", "eau", "Élan"],)


@pytest.mark.parametrize("turn", [1, 2])
def test_committed_rows_are_gone_in_the_next_test(transactional_db, turn):
    assert not ContentType.objects.filter(app_label="left-over").exists()
    committing = threading.Thread(target=_commit_a_row)
    committing.start()
    committing.join()
    assert ContentType.objects.filter(app_label="left-over").exists()


def _commit_a_row():
    ContentType.objects.create(app_label="left-over", model="x")
    connection.close()


def test_rows_from_migrations_survive_the_emptying(transactional_db):
    assert ContentType.objects.filter(app_label="people", model="user").exists()


def test_the_application_may_not_truncate(application_connection):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute("TRUNCATE django_session")


def test_the_application_may_not_silence_triggers(application_connection):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute("SET session_replication_role = replica")


def test_the_owner_connection_owns_the_tables(owner_connection):
    query = "SELECT tableowner FROM pg_tables WHERE schemaname = 'public' GROUP BY 1"
    assert owner_connection.execute(query).fetchall() == [("headwaters_owner",)]


def test_no_owner_address_reaches_the_application():
    assert "DATABASE_OWNER_URL" not in os.environ
