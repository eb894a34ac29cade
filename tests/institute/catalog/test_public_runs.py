"""A run is public while what came of it is: its numbers, and nothing that tells of people, places or machines."""

import json

import pytest
from django.test import Client

from compute.tracking.actions.files import announce_files, upload_file
from compute.tracking.models import Run
from compute.tracking.ports import is_published
from compute.tracking.redaction import clean_config
from institute.catalog import actions
from institute.catalog.models import Artifact, Revision
from tests.factories.catalog import drafted, lead_of, paid_allocation, published, published_paper, reviewer
from tests.factories.clients import client_of
from tests.factories.people import TESTER, UserFactory
from tests.factories.tracking import START, begun, events, history, lines, output, posted, run_of

pytestmark = pytest.mark.django_db
HOST, KEY = "node-17.cluster.internal", "hf_" + "a" * 34
PRIVATE = (
    *(HOST, KEY, "/home/ada/train.py", "ada@example.org", "git@host:ada/secret.git", "printed to the console"),
    *("a note of ours", "media/page.html", "_wandb", "private-sweep"),
)


def told(revision: Revision) -> Run:
    """The revision's run, after its training said everything that an SDK says."""
    assert revision.job is not None
    run: Run = revision.job.run
    machine = {"host": HOST, "program": "/home/ada/train.py", "email": "ada@example.org", "gpu": "H100", "cpu_count": 8}
    config = {
        "lr": {"value": 0.1},
        "hub": {"value": {"token": KEY, "layers": 12}},
        "_wandb": {"value": {"e": {"w": machine | {"git": {"remote": "git@host:ada/secret.git"}}}}},
    }
    plain = clean_config(config) | {"_wandb": {"e": {"w": machine}}}  # also what older intakes let in stays inside
    begun(run, config=plain, notes="a note of ours", group="private-sweep", tags=["private-sweep"])
    posted(run, history(lines(0, 40, acc=0.5, table={"_type": "table-file", "path": "media/page.html"})))
    posted(run, events([json.dumps({"system.gpu.0.gpu": 50.0, "_timestamp": START})]))
    posted(run, output(["2026-11-24T10:00:00.000000 printed to the console"]))
    upload_file(file=announce_files(run=run, paths=["media/page.html"], by=TESTER)[0], chunks=[b"<b>x</b>"])
    return run


def addresses(run: Run) -> list[str]:
    return [f"/runs/{run.public_id}", f"/api/v1/runs/{run.public_id}", f"/api/v1/runs/{run.public_id}/series"]


def statuses(run: Run, client: Client) -> list[int]:
    return [client.get(url).status_code for url in addresses(run)]


def test_a_run_is_public_from_publication_to_withdrawal() -> None:
    revision = drafted()
    run = told(revision)
    stranger = client_of(UserFactory.create())

    def public() -> bool:
        found = is_published(Run.objects.get(pk=run.pk))
        assert statuses(run, client_of()) == ([200, 200, 200] if found else [302, 401, 401])
        assert statuses(run, stranger) == ([200, 200, 200] if found else [404, 404, 404])
        return found

    assert not public()
    actions.propose_revision(revision=revision, by=TESTER)
    assert not public()
    actions.approve_revision(revision=Revision.objects.get(pk=revision.pk), by=reviewer().actor)
    assert public()
    Artifact.objects.filter(pk=revision.artifact_id).update(status="disabled")
    assert not public()
    Artifact.objects.filter(pk=revision.artifact_id).update(status="active")
    actions.withdraw_revision(revision=Revision.objects.get(pk=revision.pk), by=reviewer().actor, reason="Wrong.")
    assert not public()


def test_a_run_without_a_job_and_one_that_is_not_are_never_public() -> None:
    assert not is_published(run_of())
    assert client_of().get(f"/api/v1/runs/{'0' * 26}").status_code == 401
    assert client_of(UserFactory.create()).get(f"/api/v1/runs/{'0' * 26}/series").status_code == 404


def test_the_public_page_and_api_tell_the_numbers_and_nothing_private() -> None:
    run = told(published())
    page, detail, series = (client_of().get(url).content.decode() for url in addresses(run))
    for text in (page, detail, series):
        assert [word for word in PRIVATE if word in text] == []
    assert "<svg" in page and "H100" in page and "hub.layers" in page
    body = json.loads(detail)
    assert body["config"] == {"hub.layers": 12, "hub.token": "[redacted]", "lr": 0.1}
    assert body["hardware"] == {"cpu_count": 8, "gpu": "H100"}
    assert body["summary"] == {"loss": 1.71}
    assert body.keys() == {
        *("id", "name", "status", "next_step", "created_at", "started_at", "heartbeat_at", "finished_at"),
        *("config", "summary", "hardware"),
    }
    assert json.loads(series)["series"].keys() == {"acc", "loss"}


def test_the_public_asks_in_vain_for_the_rest() -> None:
    run = told(published())
    base, api = f"/runs/{run.public_id}", f"/api/v1/runs/{run.public_id}"
    for user, refused in ((None, {302, 401}), (UserFactory.create(), {404})):
        client = client_of(user)
        for url in (f"{base}/log", f"{base}/log.txt", f"{base}/live", f"{base}/files/media/page.html"):
            assert client.get(url).status_code in refused | {404}, url
        for url in (f"{api}/log", f"{api}/files"):
            assert client.get(url).status_code in refused, url
        machine = client.get(f"{api}/series", {"stream": "events", "keys": "system.gpu.0.gpu,table,_timestamp"})
        assert machine.json()["series"] == {}


def test_who_works_on_a_published_run_sees_all_of_it() -> None:
    revision = published()
    run = told(revision)
    client = client_of(lead_of(revision))
    page, detail, series = (client.get(url).content.decode() for url in addresses(run))
    assert "printed to the console" in page
    assert json.loads(detail)["notes"] == "a note of ours"
    assert "table" in json.loads(series)["series"]
    assert client.get(f"/api/v1/runs/{run.public_id}/series", {"stream": "events"}).json()["series"] != {}


def test_the_models_page_and_every_ribbon_lead_the_public_to_the_run() -> None:
    revision = published()
    run, paper = told(revision), published_paper(revision)
    link = f'href="/runs/{run.public_id}"'
    model, donor = revision.artifact.get_absolute_url(), revision.job.allocation.sources.get().pledge.donor  # type: ignore[union-attr]
    own, others = revision.get_absolute_url(), (f"/donors/{donor.public_id}", paper.get_absolute_url())
    assert Client().get(model).content.decode().count(link) == 2
    assert Client().get(f"/fr{model}").content.decode().count(f'href="/fr/runs/{run.public_id}"') == 2
    for url in (own, *others):
        assert link in Client().get(url).content.decode(), url
    actions.withdraw_revision(revision=Revision.objects.get(pk=revision.pk), by=reviewer().actor, reason="Wrong.")
    for url in (own, *others):
        assert link not in Client().get(url).content.decode(), url
    assert link in client_of(lead_of(revision)).get(own).content.decode()


def test_a_run_of_something_unpublished_has_no_link_for_the_public() -> None:
    revision = published()
    run = told(drafted(allocation=paid_allocation(revision.artifact.project), name="next"))
    assert f"/runs/{run.public_id}" not in Client().get(revision.artifact.get_absolute_url()).content.decode()
