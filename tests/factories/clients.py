"""Browsers of people for tests."""

from django.contrib.auth.models import AnonymousUser
from django.test import Client

from institute.people.models import User


def client_of(user: User | AnonymousUser | None = None) -> Client:
    """A browser in which the person has signed in; nobody has if it is nobody."""
    client = Client()
    if isinstance(user, User):
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(url: str, user: User | None = None, status: int = 200) -> str:
    """The page that the person gets; it fails unless it has that status."""
    response = client_of(user).get(url)
    assert response.status_code == status, response.content[:500]
    return str(response.content.decode())
