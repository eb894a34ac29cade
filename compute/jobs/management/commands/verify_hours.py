import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from compute.jobs.queries import verify_hours


class Command(BaseCommand):
    help = "Prove that the hours ledger, the slices of use and what is held agree; exits 1 on any break."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = verify_hours(timezone.now())
        if options["json"]:
            said = {"holds": not findings, "findings": [asdict(finding) for finding in findings]}
            self.stdout.write(json.dumps(said, ensure_ascii=False))
        elif findings:
            for finding in findings:
                self.stdout.write(f"{finding.check}: {finding.subject}: {finding.figures}")
        else:
            self.stdout.write("The hours ledger holds.")
        if findings:
            sys.exit(1)
