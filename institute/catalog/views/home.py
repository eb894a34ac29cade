"""The catalogue's front page and its search."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from compute.capacity.models import AcceleratorType
from grants.donors.queries import public_donors
from institute.catalog.enums import ArtifactKind
from institute.catalog.queries import artifacts, became, publications
from institute.catalog.views.lists import ArtifactListing, PaperListing
from institute.core.ui import charts, formats

NEWEST = 4
MOST_NODES = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the institute made, and who made it possible."""
    counts = artifacts.published_counts()
    context = {
        "donors": public_donors().count(),
        "counts": counts,
        "paper_count": publications.published_papers().count(),
        "models": list(artifacts.newest(ArtifactKind.MODEL, NEWEST)),
        "datasets": list(artifacts.newest(ArtifactKind.DATASET, NEWEST)),
        "papers": list(publications.newest_papers(NEWEST)),
        "flow": _flow(),
    }
    return render(request, "catalog/home.html", context)


def _flow() -> str:
    """Hours of the type most used, from donors to projects to kinds of results; "" before any hour was used."""
    spent = became.seconds_by_type()
    accelerator = AcceleratorType.objects.filter(slug=next(iter(spent), "")).first()
    if accelerator is None:
        return ""
    flows = became.flows(accelerator)
    nodes = _project_nodes(flows)
    donors, bands = _beginnings(flows, nodes)
    ends, more = _ends(flows, nodes)
    label = _("%(type)s hours flow from donors into projects and become models, papers, data and code") % {
        "type": accelerator.name
    }
    return charts.flow(
        [donors, list(dict.fromkeys(nodes.values())), ends],
        [*bands, *more],
        label=label,
        format=lambda seconds: formats.hours_text(int(seconds), accelerator),
    )


def _project_nodes(flows: list[became.Flow]) -> dict[int, charts.Node]:
    """The projects that got most, each by its key; all others stand for one."""
    found = {flow.project.pk: charts.Node(f"p:{flow.project.pk}", flow.project.title) for flow in flows}
    others = charts.Node("p:other", _("other projects"))
    return {key: node if n < MOST_NODES else others for n, (key, node) in enumerate(found.items())}


def _beginnings(
    flows: list[became.Flow], projects: dict[int, charts.Node]
) -> tuple[list[charts.Node], list[charts.Band]]:
    """The donors who gave most, all others together, and what they gave to which project."""
    named = {flow.donor.pk: _donor_node(flow.donor) for flow in flows if flow.donor}
    shown = dict(list(named.items())[:MOST_NODES])
    others = charts.Node("d:other", _("other donors"))
    nodes = [shown.get(flow.donor.pk, others) if flow.donor else others for flow in flows]
    given: dict[tuple[str, str], int] = {}
    for node, flow in zip(nodes, flows, strict=True):
        way = (node.key, projects[flow.project.pk].key)
        given[way] = given.get(way, 0) + flow.seconds
    return list(dict.fromkeys(nodes)), [charts.Band(*way, seconds) for way, seconds in given.items()]


def _donor_node(donor: object) -> charts.Node:
    url = reverse("donors:donor-detail", kwargs={"public_id": donor.public_id})  # type: ignore[attr-defined]
    return charts.Node(f"d:{donor.pk}", str(donor), url)  # type: ignore[attr-defined]


def _ends(flows: list[became.Flow], projects: dict[int, charts.Node]) -> tuple[list[charts.Node], list[charts.Band]]:
    """The kinds of results with their numbers; a project's hours go to its kinds in equal parts."""
    totals: dict[str, int] = {}
    made: dict[tuple[str, str], float] = {}
    for project in {flow.project.pk: flow.project for flow in flows}.values():
        seconds = sum(flow.seconds for flow in flows if flow.project.pk == project.pk)
        found = became.results_of_project(project)
        for kind, n in found.items():
            totals[kind] = totals.get(kind, 0) + n
            way = (projects[project.pk].key, f"r:{kind}")
            made[way] = made.get(way, 0) + seconds / len(found)
    texts = became.result_texts(totals)
    bands = [charts.Band(*way, seconds) for way, seconds in made.items()]
    return [charts.Node(f"r:{kind}", texts[kind]) for kind in totals], bands


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Everything public in which all words occur: a few of each kind, and the way to all of them."""
    text = request.GET.get("q", "").strip()[:200]
    groups = []
    for kind, title, url_name in (
        (ArtifactKind.MODEL, _("Models"), "catalog:model-list"),
        (ArtifactKind.DATASET, _("Data"), "catalog:dataset-list"),
        (ArtifactKind.CODE, _("Code"), "catalog:code-list"),
    ):
        found = ArtifactListing.find(artifacts.for_lists(artifacts.published(kind)), text) if text else ()
        groups.append((title, reverse(url_name), list(found[: NEWEST + 1])))
    papers = PaperListing.find(publications.with_credits(publications.published_papers()), text) if text else ()
    context = {"text": text, "groups": groups, "papers": list(papers[: NEWEST + 1]), "most": NEWEST}
    context["any_hit"] = bool(context["papers"]) or any(rows for _title, _url, rows in groups)
    return render(request, "catalog/search.html", context)
