import json
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from institute.core.actors import SYSTEM_COMMAND
from institute.core.errors import DomainError
from institute.people import actions
from institute.people.enums import Role


class Command(BaseCommand):
    """Makes a person who can sign in."""

    help = "Make a person: create_user EMAIL --role ROLE --password-env NAME"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", action="append", choices=Role.values, default=[], help="may be given again")
        parser.add_argument("--password-env", help="name of the environment variable that holds the password")
        parser.add_argument("--name", default="")
        parser.add_argument("--handle", default="")
        parser.add_argument("--language", default="en")
        parser.add_argument("--time-zone", default="UTC")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        password = None
        if options["password_env"]:
            password = os.environ.get(options["password_env"])
            if not password:
                raise CommandError(f"The environment variable {options['password_env']} is not set.")
        try:
            with transaction.atomic():
                user = actions.create_user(
                    email=options["email"],
                    name=options["name"] or options["email"].partition("@")[0],
                    password=password,
                    handle=options["handle"],
                    language=options["language"],
                    time_zone=options["time_zone"],
                    by=SYSTEM_COMMAND,
                )
                for role in options["role"]:
                    actions.grant_role(user=user, role=Role(role), by=SYSTEM_COMMAND)
        except DomainError as error:
            raise CommandError(str(error)) from None
        answer = {"id": user.public_id, "email": user.email, "roles": sorted(options["role"])}
        self.stdout.write(json.dumps(answer) if options["json"] else f"{user.email} ({user.public_id})")
