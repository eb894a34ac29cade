"""Django's own view of the whole house."""

from django.core.management import call_command


def test_no_migration_is_missing(transactional_db):
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=1)


def test_the_system_checks_find_nothing():
    call_command("check", fail_level="WARNING")
