import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from compute.jobs.backends.local import stop_all

GRACE_S = 30.0


class Command(BaseCommand):
    help = "Ask every job of this host to checkpoint and end, as the platform does when it stops."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--grace", type=float, default=GRACE_S, help="seconds until what is left is killed")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = stop_all(settings.LOCAL_JOBS_DIR, options["grace"])
        if options["json"]:
            self.stdout.write(json.dumps([{"name": each.name, "is_forced": each.is_forced} for each in stopped]))
            return
        for each in stopped:
            how = "killed after the grace" if each.is_forced else "saved its work and ended"
            self.stdout.write(f"{each.name}: {how}")
