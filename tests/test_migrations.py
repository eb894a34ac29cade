"""The migrations in the tree are those that the models need."""

from django.core.management import call_command


def test_no_migration_is_missing(transactional_db):
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=1)
