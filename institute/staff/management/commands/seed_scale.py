import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from grants.donors.models import Donor
from institute.staff.management import scale


class Command(BaseCommand):
    """Fills an empty database with so many rows for every list; for tests and measurements only."""

    help = "Fill every list: seed_scale --rows 10000 (refuses where donors are, unless --force)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, required=True)
        parser.add_argument("--force", action="store_true", help="also where donors are already")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        rows: int = options["rows"]
        if not 1 <= rows <= 1_000_000:
            raise CommandError("Choose between 1 and 1,000,000 rows.")
        if Donor.objects.exists() and not options["force"]:
            raise CommandError("This database has donors already. Use an empty one, or say --force.")
        with transaction.atomic():
            seeded = scale.seed(rows)
        if options["json"]:
            self.stdout.write(json.dumps({"rows": rows, "admin": seeded.admin.email, "lead": seeded.lead.email}))
        else:
            self.stdout.write(f"Every list has {rows} rows. {seeded.admin.email} sees all of them.")
