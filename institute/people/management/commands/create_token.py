import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from institute.core.actors import SYSTEM_COMMAND
from institute.core.errors import DomainError
from institute.people import actions
from institute.people.enums import Scope
from institute.people.models import User


class Command(BaseCommand):
    """Makes a token, printed once; it also serves as WANDB_API_KEY when its scope is `runs`."""

    help = "Make a token: create_token EMAIL --scope read --days 90"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--scope", action="append", choices=[scope.value for scope in Scope], required=True)
        parser.add_argument("--days", type=int, default=90)
        parser.add_argument("--name", default="made on the command line")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody has the address {options['email']}.")
        try:
            row, token = actions.create_token(
                user=user,
                name=options["name"],
                scopes=[Scope(scope) for scope in options["scope"]],
                expires_at=timezone.now() + timedelta(days=options["days"]),
                by=SYSTEM_COMMAND,
            )
        except DomainError as error:
            raise CommandError(str(error)) from None
        answer = {"id": row.public_id, "token": token, "scopes": row.scopes, "expires_at": row.expires_at.isoformat()}
        self.stdout.write(json.dumps(answer) if options["json"] else token)
