import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from institute.catalog.enums import ArtifactKind
from institute.catalog.models import Revision
from institute.catalog.queries import artifact_at, public_revisions, verify_provenance
from institute.core import audit


class Command(BaseCommand):
    """Walks a published model back to its donors and recomputes every link from the database and the store."""

    help = "Verify the chain behind a model: verify_chain HANDLE/NAME"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", help="HANDLE/NAME")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        revisions = self._revisions(options["model"])
        now = timezone.now()
        findings = [
            {"revision": revision.label, "check": found.check, "subject": found.subject, "figures": found.figures}
            for revision in revisions
            for found in verify_provenance(revision, now)
        ]
        findings += [
            {"revision": "", "check": "audit", "subject": broken.entry_id, "figures": broken.why}
            for broken in audit.verify()
        ]
        report = {"model": options["model"], "revisions": [r.label for r in revisions], "findings": findings}
        if options["json"]:
            self.stdout.write(json.dumps(report))
        else:
            for found in findings:
                self.stdout.write(f"{found['revision']} {found['check']} {found['subject']}: {found['figures']}")
        if findings:
            raise CommandError(f"The chain of {options['model']} does not hold: {len(findings)} findings.")
        if not options["json"]:
            self.stdout.write(f"The chain of {options['model']} holds ({len(revisions)} revisions).")

    def _revisions(self, model: str) -> list[Revision]:
        handle, _, name = model.partition("/")
        artifact = artifact_at(ArtifactKind.MODEL, handle, name)
        revisions = list(public_revisions(artifact)) if artifact else []
        if not revisions:
            raise CommandError(f"There is no published model {model}.")
        return revisions
