from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections

from institute.core import guards


class Command(migrate.Command):
    """Django's migrate, as the owner where there is one, followed by the database guards."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner" if "owner" in connections else "default")

    def handle(self, *args: Any, **options: Any) -> str | None:
        result = super().handle(*args, **options)
        if options["app_label"] is None and not options["plan"] and not options["check_unapplied"]:
            guards.install(connections[options["database"]])
        return result
