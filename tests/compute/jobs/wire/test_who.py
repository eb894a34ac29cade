"""Who may speak for an attempt."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from institute.people.actions import create_token
from institute.people.enums import Scope
from tests.factories.jobs import newest_attempt, submitted_job
from tests.factories.people import TESTER, user_with

pytestmark = pytest.mark.django_db


def test_without_a_token_nothing(supervisor):
    supervisor.client = APIClient()
    assert supervisor.lease().status_code == 401


@pytest.mark.parametrize("verb", ["lease", "checkpoints", "output"])
def test_a_persons_token_is_not_a_jobs(supervisor, verb):
    expires_at = timezone.now() + timedelta(days=1)
    scopes = [Scope.READ, Scope.WRITE, Scope.RUNS]
    _, token = create_token(user=user_with(), name="t", scopes=scopes, expires_at=expires_at, by=TESTER)
    client = APIClient(headers={"Authorization": f"Bearer {token}"})
    assert client.post(supervisor.url(verb), {}, format="json").status_code == 403


def test_a_job_speaks_for_its_own_attempts_only(supervisor, clock):
    other = newest_attempt(submitted_job(now=clock.now))
    supervisor.attempt = other
    assert supervisor.lease().status_code == 404


def test_a_jobs_token_opens_nothing_else(supervisor):
    assert supervisor.client.get(reverse("api:job-list")).status_code == 403
