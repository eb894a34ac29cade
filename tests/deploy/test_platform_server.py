"""The real processes that browser and kill tests use."""

import urllib.request

import pytest
from django.contrib.contenttypes.models import ContentType

pytestmark = [pytest.mark.slow, pytest.mark.kill]


def test_it_serves_the_rows_that_the_test_committed(platform_server):
    ContentType.objects.create(app_label="shared", model="x")
    with urllib.request.urlopen(f"{platform_server.url}/livez") as response:
        assert response.status == 200


def test_a_killed_process_starts_again(platform_server):
    for name in ("worker", "web"):
        platform_server.kill(name)
        platform_server.start(name)
    with urllib.request.urlopen(f"{platform_server.url}/livez") as response:
        assert response.status == 200
