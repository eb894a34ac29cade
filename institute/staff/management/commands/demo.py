import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from institute.staff.management.demo import cast, chain, seed
from institute.staff.management.demo.client import DemoFailed


class Command(BaseCommand):
    """Seeds a small institute and plays the chain from a pledge to a public model against the running platform."""

    help = "Play the demo against the platform at PLATFORM_URL."

    def handle(self, *args: Any, **options: Any) -> None:
        self.began = time.monotonic()
        accounts = settings.DATA_DIR / "accounts"
        people = cast.cast_people(accounts)
        self.say(f"people of every role; their passwords are in {accounts}")
        try:
            seeded = seed.seed(people, self.say, timezone.now())
            job = chain.train(people, seeded, self.say)
            revision = chain.publish(people, seeded, job, self.say)
            paper = chain.write_paper(people, seeded, revision, self.say)
            chain.accept_duties(people, self.say)
        except DemoFailed as failure:
            raise CommandError(str(failure)) from None
        call_command("verify_chain", f"lowres/{chain.MODEL}", stdout=self.stdout)
        call_command("verify_hours", stdout=self.stdout)
        self.farewell(f"/lowres/{chain.MODEL}", paper["url"], accounts)

    def farewell(self, model: str, paper: str, accounts: Path) -> None:
        """Where to look, and as whom."""
        base = settings.PLATFORM_URL
        self.stdout.write(f"\nThe model: {base}{model}\nIts paper: {base}{paper}\nStaff: {base}/staff/")
        self.stdout.write(f"Sign in at {base}/accounts/login/ as any of (kept in {accounts}):\n")
        for line in accounts.read_text().splitlines():
            email, password, what = line.split("\t")
            self.stdout.write(f"  {email:<24} {password:<14} {what}")

    def say(self, line: str) -> None:
        """One line of progress with its second."""
        self.stdout.write(f"[{time.monotonic() - self.began:5.1f} s] {line}")
        self.stdout.flush()
