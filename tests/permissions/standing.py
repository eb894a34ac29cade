"""The small institute, built once for a whole module of tests; each request is rolled back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client

from tests.factories.world import World, small_institute


@dataclass(frozen=True)
class Standing:
    """The institute, and the session key of each of its people."""

    world: World
    sessions: Mapping[str, str]

    def client(self, person: str, **options: Any) -> Client:
        """A browser in which the person has signed in; anybody else is anonymous. A failing view answers 500."""
        client = Client(raise_request_exception=False, **options)
        if person in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[person]
        return client


@contextmanager
def standing_institute(django_db_blocker: Any) -> Iterator[Standing]:
    """Build it in a transaction that never commits."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = small_institute()
        yield Standing(world, {name: _session_of(user) for name, user in world.people.items()})
        transaction.set_rollback(True)


def _session_of(user: Any) -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)
