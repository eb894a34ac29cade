"""Two who act at the same moment on real connections."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from institute.core.errors import Refused
from institute.people import actions, queries
from institute.people.enums import Role
from institute.people.models import User
from tests.factories.people import TESTER, user_with

pytestmark = pytest.mark.django_db(transaction=True)


def end(user: User) -> Any:
    return actions.end_role(user=user, role=Role.ADMIN, by=TESTER, reason="x")


def close(user: User) -> Any:
    return actions.deactivate_user(user=user, by=TESTER, reason="x")


def both(act: Callable[[User], Any], users: list[User]) -> list[bool]:
    """Whether each was let, when they begin together."""
    barrier = threading.Barrier(2)

    def run(user: User) -> bool:
        try:
            barrier.wait(timeout=20)
            act(user)
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, users, timeout=60))


@pytest.mark.parametrize("act", [end, close])
def test_of_two_administrators_who_leave_at_once_one_stays(act: Callable[[User], Any]) -> None:
    for _ in range(5):
        users = [user_with(Role.ADMIN), user_with(Role.ADMIN)]
        assert sorted(both(act, users)) == [False, True]
        (left,) = queries.users_with_role(Role.ADMIN, now=timezone.now())
        user_with(Role.ADMIN)
        close(left)
        User.objects.filter(role_grants__role=Role.ADMIN).update(is_active=False)
