"""The people of the demo's institute: one of every role, with random passwords kept in DATA/accounts."""

import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from institute.core.actors import SYSTEM_COMMAND
from institute.people import actions
from institute.people.enums import Role, Scope
from institute.people.models import User
from institute.staff.management.demo.client import Caller


@dataclass(frozen=True, slots=True)
class Part:
    """A person to be made."""

    handle: str
    name: str
    roles: tuple[Role, ...]
    what: str
    language: str = "en"

    @property
    def email(self) -> str:
        """Their address; example.org receives no mail."""
        return f"{self.handle}@example.org"


CAST = (
    Part("amara", "Amara Okafor", (Role.ADMIN,), "administrator"),
    Part("goran", "Goran Lindqvist", (Role.GRANTS_OFFICER,), "grants officer"),
    Part("ophelia", "Ophélie Marchand", (Role.OPERATIONS,), "operations", "fr"),
    Part("fatima", "Fatima Haddad", (Role.FINANCE,), "finance"),
    Part("piotr", "Piotr Nowak", (Role.PRIVACY_OFFICER,), "privacy officer"),
    Part("rosalind", "Rosalind Achieng", (Role.REVIEWER,), "reviewer"),
    Part("felix", "Félix Tremblay", (Role.FACILITATOR,), "facilitator", "fr"),
    Part("leila", "Leila Petrova", (Role.RESEARCHER,), "leads the project lowres"),
    Part("mateo", "Mateo Silva", (Role.RESEARCHER,), "works in lowres"),
    Part("ines", "Inès Benali", (Role.RESEARCHER,), "leads the project glassbox", "fr"),
    Part("dana", "Dana Whitfield", (Role.DONOR_CONTACT,), "contact of the Open Host Programme"),
)


def cast_people(path: Path) -> dict[str, Caller]:
    """Make everybody who is not there yet, write new passwords to `path` (mode 0600), and give each a token."""
    lines = []
    for part in CAST:
        if not User.objects.filter(email=part.email).exists():
            password = secrets.token_urlsafe(9)
            user = actions.create_user(
                email=part.email,
                name=part.name,
                password=password,
                handle=part.handle,
                language=part.language,
                by=SYSTEM_COMMAND,
            )
            for role in part.roles:
                actions.grant_role(user=user, role=role, by=SYSTEM_COMMAND)
            lines.append(f"{part.email}\t{password}\t{part.what}\n")
    if lines:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            file.writelines(lines)
    return {part.handle: _caller(part) for part in CAST}


def _caller(part: Part) -> Caller:
    _row, token = actions.create_token(
        user=User.objects.get(email=part.email),
        name="demo",
        scopes=[Scope.READ, Scope.WRITE],
        expires_at=timezone.now() + timedelta(hours=2),
        by=SYSTEM_COMMAND,
    )
    return Caller(settings.PLATFORM_URL, token, part.name)
