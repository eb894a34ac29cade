"""The real processes that browser and kill tests use."""

import subprocess
import sys
import urllib.request

import pytest
from django.contrib.contenttypes.models import ContentType

from tests.servers.leftovers import end_processes_in, processes_in

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


def test_what_works_in_the_folder_of_a_test_is_ended(tmp_path):
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    orphan = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    assert list(processes_in(tmp_path)) == [orphan.pid]
    end_processes_in(tmp_path)
    assert orphan.wait(timeout=10) == -9
