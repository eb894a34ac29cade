"""The chain, walked both ways, and the proof that finds what was forged."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from institute.catalog import actions
from institute.catalog.models import Blob, Revision
from institute.catalog.ports_filled import chain_of
from institute.catalog.queries import became, trees
from institute.catalog.queries.chain import as_json, payers_with_shares, provenance, shares_of
from institute.catalog.queries.verification import verify_provenance
from institute.core.storage import store
from tests.factories.allocations import project_with
from tests.factories.catalog import drafted, finished_job, paid_allocation, published, published_data, published_paper
from tests.factories.people import TESTER


@given(st.dictionaries(st.integers(0, 50), st.integers(1, 10**9), max_size=12))
def test_shares_sum_to_a_hundred_per_cent(amounts: dict[int, int]) -> None:
    shares = shares_of(amounts)
    assert sum(shares.values()) == (1000 if amounts else 0)
    total = sum(amounts.values())
    assert all(abs(shares[key] - amounts[key] * 1000 / total) < 1 for key in amounts)


def test_equal_amounts_share_the_remainder_by_order() -> None:
    assert shares_of({1: 1, 2: 1, 3: 1}) == {1: 334, 2: 333, 3: 333}
    assert shares_of({1: 0}) == {1: 0}


@pytest.mark.django_db
def test_from_a_revision_back_to_its_donors() -> None:
    allocation = paid_allocation(pledges=2, seconds=1000)
    revision = published(allocation=allocation, seconds=1500)
    chain = provenance(revision)
    assert chain.spent == 1500
    assert [payer.spent for payer in chain.payers] == [1000, 500]
    assert [payer.percent for payer in chain.payers] == ["66.7", "33.3"]
    assert {payer.donor for payer in chain.payers} == {s.pledge.donor for s in allocation.sources.all()}
    assert sum(cell.slice.accelerator_seconds for cell in chain.attempts[0].slices) == 1500
    assert payers_with_shares(revision.job) == chain.payers  # type: ignore[arg-type]
    document = json.loads(json.dumps(as_json(chain)))
    assert document["paid_by"][1]["share_percent"] == "33.3"
    assert chain.accelerator is not None and chain.accelerator.slug == "cpu-host"


@pytest.mark.django_db
def test_from_a_donor_to_what_the_hours_became() -> None:
    revision = published()
    paper = published_paper(revision)
    source = revision.job.allocation.sources.get()  # type: ignore[union-attr]
    for giver in (source.pledge.donor, source.pledge, source.allocation):
        assert list(became.jobs_paid_by(giver)) == [revision.job]
        assert list(became.revisions_paid_by(giver)) == [revision]
        assert list(became.papers_paid_by(giver)) == [paper]
        results = became.results_of(giver)
        assert (results.revisions, results.papers) == ([revision], [paper])
        assert results.revisions[0].seconds == 90  # type: ignore[attr-defined]  # annotated
    other = paid_allocation().sources.get().pledge
    assert list(became.revisions_paid_by(other)) == []


@pytest.mark.django_db
def test_hours_by_type_and_flow() -> None:
    project = project_with()
    revision = published(project)
    published_data(project)
    assert became.seconds_by_type() == {"cpu-host": 90}
    type_ = revision.job.accelerator_type  # type: ignore[union-attr]
    donor = revision.job.allocation.sources.get().pledge.donor  # type: ignore[union-attr]
    (flow,) = became.flows(type_)
    assert (flow.donor, flow.project, flow.seconds) == (donor, project, 90)
    type(donor).objects.filter(pk=donor.pk).update(kind="person")
    assert became.flows(type_)[0].donor is None
    assert became.results_of_project(flow.project) == {"model": 1, "dataset": 1}
    assert became.result_texts({"model": 1, "dataset": 2, "code": 1, "paper": 3}) == {
        "model": "1 model",
        "dataset": "2 data sets",
        "code": "1 code base",
        "paper": "3 papers",
    }


@pytest.mark.django_db
def test_files_that_people_brought_have_no_job_behind_them() -> None:
    revision = published_data()
    chain = provenance(revision)
    assert (chain.job, chain.payers, chain.spent, chain.accelerator) == (None, [], 0, None)
    document = as_json(chain)
    assert (document["job"], document["run"], document["attempts"]) == (None, None, [])
    assert verify_provenance(revision, timezone.now()) == []


def stages(obj: Any) -> dict[str, str]:
    return {link.stage: str(link.label) for link in chain_of(obj, request=None)}


@pytest.mark.django_db
def test_every_object_of_the_chain_tells_the_same_story() -> None:
    revision = published()
    job = revision.job
    assert job is not None
    paper = published_paper(revision)
    source = job.allocation.sources.get()
    expected = {
        "donor": source.pledge.donor.name,
        "pledge": source.pledge.title,
        "allocation": job.project.title,
        "job": job.name,
        "run": job.name,
        "model": "swahili-410m",
        "paper": "Learning from Less",
    }
    artifact = type(revision.artifact).objects.get(pk=revision.artifact_id)
    revision = Revision.objects.get(pk=revision.pk)
    for obj in (source.pledge.donor, source.pledge, job.allocation, job, job.run, revision, artifact, paper):
        assert stages(obj) == expected, obj
        links = {link.stage: link for link in chain_of(obj, request=None)}
        assert [stage for stage, link in links.items() if link.state == "current"] == [
            {"donor": "donor", "pledge": "pledge", "allocation": "allocation", "job": "job", "run": "run"}.get(
                obj._meta.model_name, "paper" if obj is paper else "model"
            )
        ]
        assert (links["job"].url, links["pledge"].url) == ("", "")
        assert links["model"].url == artifact.get_absolute_url()
    assert chain_of(object(), request=None) == []


@pytest.mark.django_db
def test_stages_with_several_objects_are_counted() -> None:
    project = project_with()
    allocation = paid_allocation(project, pledges=2, seconds=1000)
    published(allocation=allocation, seconds=900)
    published(allocation=allocation, seconds=950, name="other")
    told = stages(allocation)
    assert (told["donor"], told["pledge"], told["job"], told["model"]) == (
        "2 donors",
        "2 pledges",
        "2 jobs",
        "2 models",
    )


@pytest.mark.django_db
def test_what_is_not_public_is_not_told() -> None:
    revision = drafted()
    pledge = revision.job.allocation.sources.get().pledge  # type: ignore[union-attr]
    assert "model" not in stages(pledge)
    assert "model" not in stages(revision.job)
    assert stages(revision.artifact) == {}
    job = finished_job(allocation=paid_allocation())
    job.run.delete()
    assert "run" not in stages(type(job).objects.get(pk=job.pk))


@pytest.mark.django_db
def test_a_run_without_a_job_stands_alone() -> None:
    job = finished_job(allocation=paid_allocation())
    run = job.run
    run.job = None
    assert list(stages(run)) == ["run"]


# Forged rows need the superuser: neither the application nor the owner could write them.


@contextmanager
def forged(connection: psycopg.Connection[Any]) -> Iterator[psycopg.Cursor[Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield cursor
    connection.commit()


def checks(revision: Revision) -> set[str]:
    return {finding.check for finding in verify_provenance(revision, timezone.now())}


FORGERIES: dict[str, tuple[str, set[str]]] = {
    "hours line": ("UPDATE allocations_hoursline SET quantity = quantity + 1 WHERE quantity > 0", {"slice", "hours"}),
    "slice": ("UPDATE jobs_usageslice SET accelerator_seconds = accelerator_seconds - 1, idle_seconds = 1", {"slice"}),
    "slice removed": ("DELETE FROM jobs_usageslice", {"charge"}),
    "accelerators": ("UPDATE jobs_job SET accelerators = 2", {"slice"}),
    "balance": ("UPDATE allocations_hoursaccount SET balance = balance + 1 WHERE kind = 'spent'", {"balance"}),
    "pledge of a line": (
        (
            "UPDATE allocations_hourstransaction SET pledge_id = (SELECT max(id) FROM funding_pledge)"
            " WHERE kind = 'capture'"
        ),
        {"hours", "source"},
    ),
    "source of a pledge": (
        (
            "UPDATE allocations_allocationsource SET pledge_id = (SELECT max(id) FROM funding_pledge) WHERE id ="
            " (SELECT min(id) FROM allocations_allocationsource)"
        ),
        {"source", "obligation"},
    ),
    "allocation": ("UPDATE jobs_job SET allocation_id = (SELECT max(id) FROM allocations_allocation)", {"allocation"}),
    "subject": ("UPDATE allocations_hourstransaction SET subject = 'other' WHERE kind = 'capture'", {"hours"}),
    "terms": ("UPDATE funding_computeterms SET amount = amount * 2", {"deposit"}),
    "window": ("UPDATE funding_pledge SET window_starts_at = now()", {"window"}),
    "duty": ("UPDATE funding_obligation SET status = 'scheduled', evidence = ''", {"obligation"}),
    "evidence": ("UPDATE funding_obligation SET evidence = '0'", {"evidence"}),
    "clause": ("UPDATE funding_restriction SET text = 'Another sentence.' WHERE kind = 'cite'", {"acknowledgement"}),
    "run": ("UPDATE tracking_run SET job_id = NULL", {"run"}),
    "source": ("DELETE FROM catalog_revisionsource", {"source"}),
    "manifest": ("UPDATE jobs_jobcheckpoint SET manifest_text = '{}'", {"manifest", "output"}),
    "manifest's job": (
        'UPDATE jobs_jobcheckpoint SET manifest_text = replace(manifest_text, \'"job":"\', \'"job":"x\')',
        {"manifest"},
    ),
    "output": ("DELETE FROM jobs_jobcheckpoint", {"output"}),
    "job": ("UPDATE jobs_job SET status = 'failed'", {"job"}),
    "attempt": ("UPDATE jobs_jobcheckpoint SET attempt_id = (SELECT max(id) FROM jobs_attempt)", {"output"}),
    "tree line": ("UPDATE catalog_treeentry SET name = 'evil.json' WHERE name = 'config.json'", {"tree", "output"}),
    "message": ("UPDATE catalog_commit SET message = 'other'", {"commit"}),
    "commit of another": ("UPDATE catalog_commit SET artifact_id = (SELECT max(id) FROM catalog_artifact)", {"commit"}),
    "tag": ("UPDATE catalog_ref SET commit_id = NULL WHERE name LIKE 'refs/tags/%'", {"tag"}),
    "history": ("DELETE FROM core_statechange WHERE to_status = 'published'", {"status", "published"}),
    "status": ("UPDATE catalog_revision SET status = 'draft', published_at = NULL", {"status", "published"}),
    "inline text": ("UPDATE catalog_blob SET inline = 'other' WHERE inline IS NOT NULL", {"file"}),
    "pointer": (
        "UPDATE catalog_treeentry SET sha1 = repeat('0', 40) WHERE name = 'model.safetensors'",
        {"file-id", "tree"},
    ),
    "nobody paid": (
        (
            "DELETE FROM allocations_hoursline WHERE transaction_id IN"
            " (SELECT id FROM allocations_hourstransaction WHERE kind = 'capture')"
        ),
        {"slice", "paid"},
    ),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_row_is_found(name: str, superuser_connection: psycopg.Connection[Any]) -> None:
    statement, expected = FORGERIES[name]
    revision = published()
    published(name="another")
    assert checks(revision) == set()
    with forged(superuser_connection) as cursor:
        cursor.execute(statement)
    found = checks(revision)
    assert expected <= found, found


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["changed", "lost"])
def test_changed_and_lost_bytes_are_found(how: str) -> None:
    revision = published()
    file = trees.file_at(revision.commit, "model.safetensors")
    assert file is not None
    location = Blob.objects.get(sha256=file.sha256).location
    if how == "lost":
        store().delete(location)
    else:
        store().write(location, [b"\0" * file.size])
    (finding,) = verify_provenance(revision, timezone.now())
    assert (finding.check, finding.subject) == ("file", "model.safetensors")


@pytest.mark.django_db
def test_what_is_not_published_is_no_proof() -> None:
    revision = drafted()
    assert {"published", "obligation"} <= checks(revision)
    assert "published" not in checks(published())


@pytest.mark.django_db
def test_nothing_in_it_lies_in_the_future() -> None:
    revision = published()
    early = timezone.now() - timedelta(days=2)
    assert {finding.check for finding in verify_provenance(revision, early)} == {"published", "slice"}


@pytest.mark.django_db
def test_a_withdrawn_revision_still_holds() -> None:
    revision = published()
    actions.withdraw_revision(revision=revision, by=TESTER, reason="old")
    assert checks(revision) == set()


@pytest.mark.django_db
def test_a_paper_may_be_the_evidence() -> None:
    from grants.funding.actions import send_back
    from grants.funding.models import Obligation

    revision = published()
    send_back(obligation=Obligation.objects.get(kind="publication"), by=TESTER, reason="paper")
    published_paper(revision)
    assert checks(revision) == set()
