"""Pages about where hours come from and where they run; for staff."""

from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compute.capacity import actions, queries
from compute.capacity.enums import ClusterStatus, ProviderStatus
from compute.capacity.forms import (
    ClusterForm,
    ClusterStatusForm,
    ProviderForm,
    ProviderStatusForm,
    SupplyForm,
    TypeForm,
)
from compute.capacity.models import AcceleratorType, Cluster, Provider, Supply
from institute.core.ports import panels_for
from institute.core.states import history_of
from institute.core.ui import badges, formats, listing
from institute.core.ui.forms import FieldsMixin, refusals_as_form_errors, render
from institute.people.access import acting, permission_required


def cluster_url(cluster: Cluster) -> str:
    """The page of a cluster."""
    return reverse("capacity:cluster-detail", args=[cluster.public_id])


class ClusterListing(listing.Listing[Cluster]):
    """Clusters."""

    title = gettext_lazy("Clusters")
    lede = gettext_lazy("Where jobs run.")
    columns: ClassVar = [
        listing.Column(
            "name", gettext_lazy("Cluster"), lambda c: c.name, url=cluster_url, detail=lambda c: c.slug, sort="name"
        ),
        listing.Column("provider", gettext_lazy("Provider"), lambda c: c.provider.name, sort="provider__name"),
        listing.Column("type", gettext_lazy("Type"), lambda c: c.type.name),
        listing.Column(
            "accelerators", gettext_lazy("Accelerators"), lambda c: c.accelerators, is_number=True, sort="accelerators"
        ),
        listing.Column(
            "status", gettext_lazy("Status"), lambda c: c.get_status_display(), show=lambda c: badges.badge_for(c)
        ),
        listing.Column("region", gettext_lazy("Region"), lambda c: c.region),
    ]
    filters: ClassVar = [listing.Filter("status", gettext_lazy("Status"), ClusterStatus)]
    search: ClassVar = ["name", "slug", "provider__name"]
    default_sort = "name"
    empty = listing.Empty(
        gettext_lazy("No clusters yet"), gettext_lazy("Enter a provider, an accelerator type, then a cluster.")
    )


class ProviderListing(listing.Listing[Provider]):
    """Providers."""

    title = gettext_lazy("Providers")
    lede = gettext_lazy("Who gives hours.")
    columns: ClassVar = [
        listing.Column(
            "name",
            gettext_lazy("Provider"),
            lambda p: p.name,
            url=lambda p: reverse("capacity:provider-status", args=[p.public_id]),
            sort="name",
        ),
        listing.Column("kind", gettext_lazy("Kind"), lambda p: p.get_kind_display()),
        listing.Column(
            "status", gettext_lazy("Status"), lambda p: p.get_status_display(), show=lambda p: badges.badge_for(p)
        ),
        listing.Column("donor", gettext_lazy("Donor"), lambda p: p.donor.name if p.donor else ""),
    ]
    filters: ClassVar = [listing.Filter("status", gettext_lazy("Status"), ProviderStatus)]
    search: ClassVar = ["name"]
    default_sort = "name"
    empty = listing.Empty(gettext_lazy("No providers yet"))


class TypeListing(listing.Listing[AcceleratorType]):
    """Accelerator types."""

    title = gettext_lazy("Accelerator types")
    lede = gettext_lazy("What hours are counted in.")
    columns: ClassVar = [
        listing.Column("name", gettext_lazy("Type"), lambda t: t.name, detail=lambda t: t.slug, sort="name"),
        listing.Column("kind", gettext_lazy("Kind"), lambda t: t.get_kind_display()),
        listing.Column("vendor", gettext_lazy("Vendor"), lambda t: t.vendor),
        listing.Column(
            "memory", gettext_lazy("Memory"), lambda t: t.memory_gib, is_number=True, unit="GiB", sort="memory_gib"
        ),
        listing.Column("watts", gettext_lazy("Watts"), lambda t: t.watts, is_number=True, unit="W"),
    ]
    search: ClassVar = ["name", "slug", "vendor"]
    default_sort = "name"
    empty = listing.Empty(gettext_lazy("No accelerator types yet"))


class SupplyListing(listing.Listing[Supply]):
    """Supplies."""

    title = gettext_lazy("Supplies")
    lede = gettext_lazy("Where each pledge's hours run.")
    columns: ClassVar = [
        listing.Column(
            "pledge",
            gettext_lazy("Pledge"),
            lambda s: s.pledge.title,
            url=lambda s: reverse("funding:pledge-detail", args=[s.pledge.public_id]),
            sort="pledge__title",
        ),
        listing.Column("donor", gettext_lazy("Donor"), lambda s: s.pledge.donor.name),
        listing.Column("provider", gettext_lazy("Provider"), lambda s: s.provider.name),
        listing.Column("type", gettext_lazy("Type"), lambda s: s.type.name),
        listing.Column("class", gettext_lazy("Service class"), lambda s: s.get_service_class_display()),
        listing.Column(
            "entered",
            gettext_lazy("Entered"),
            lambda s: s.created_at,
            show=lambda s: formats.when(s.created_at),
            sort="created_at",
        ),
    ]
    search: ClassVar = ["pledge__title", "provider__name"]
    default_sort = "pledge"
    empty = listing.Empty(
        gettext_lazy("No supplies yet"), gettext_lazy("An accepted pledge needs one before its hours can be awarded.")
    )


def _list(request: HttpRequest, spec: Any, queryset: Any, create: str, label: str) -> HttpResponseBase:
    context = {"create_url": reverse(create), "create_label": label}
    return listing.render(request, spec, queryset=queryset, template="capacity/list.html", context=context)


@permission_required("capacity.view_cluster")
def cluster_list(request: HttpRequest) -> HttpResponseBase:
    """Every cluster."""
    return _list(request, ClusterListing, queries.clusters(), "capacity:cluster-create", _("Enter a cluster"))


@permission_required("capacity.view_cluster")
def provider_list(request: HttpRequest) -> HttpResponseBase:
    """Every provider."""
    return _list(request, ProviderListing, queries.providers(), "capacity:provider-create", _("Enter a provider"))


@permission_required("capacity.view_cluster")
def type_list(request: HttpRequest) -> HttpResponseBase:
    """Every accelerator type."""
    types = AcceleratorType.objects.all()
    return _list(request, TypeListing, types, "capacity:type-create", _("Enter an accelerator type"))


@permission_required("capacity.view_cluster")
def supply_list(request: HttpRequest) -> HttpResponseBase:
    """Every supply."""
    return _list(request, SupplyListing, queries.supplies(), "capacity:supply-create", _("Enter a supply"))


def _cluster(request: HttpRequest, public_id: str) -> Cluster:
    return get_object_or_404(queries.clusters(), public_id=public_id)


@permission_required("capacity.view_cluster", fn=_cluster)
def cluster_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One cluster: what it is, how it is, whose hours run on it."""
    cluster = _cluster(request, public_id)
    context = {
        "cluster": cluster,
        "health": cluster.health.order_by("check_kind"),
        "supplies": queries.supplies_of_cluster(cluster)[:50],
        "history": history_of(cluster),
        "panels": [panel(cluster, request=request) for panel in panels_for("capacity.cluster")],
    }
    return render(request, "capacity/cluster_detail.html", context)


def _form(request: HttpRequest, form: FieldsMixin, title: str, back: str) -> HttpResponse:
    return render(request, "capacity/form.html", {"form": form, "title": title, "back": reverse(back)})


@permission_required("capacity.edit_cluster")
def provider_create(request: HttpRequest) -> HttpResponse:
    """Enter a provider."""
    form = ProviderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            actions.create_provider(**form.values, by=acting(request))
            return redirect("capacity:provider-list")
    return _form(request, form, _("Enter a provider"), "capacity:provider-list")


@permission_required("capacity.edit_cluster")
def type_create(request: HttpRequest) -> HttpResponse:
    """Enter an accelerator type."""
    form = TypeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            actions.create_accelerator_type(draft=form.draft, by=acting(request))
            return redirect("capacity:type-list")
    return _form(request, form, _("Enter an accelerator type"), "capacity:type-list")


@permission_required("capacity.edit_cluster")
def cluster_create(request: HttpRequest) -> HttpResponse:
    """Enter a cluster."""
    form = ClusterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        with refusals_as_form_errors(form):
            cluster = actions.create_cluster(
                provider=data["provider"], accelerator=data["accelerator"], draft=form.draft, by=acting(request)
            )
            return redirect(cluster_url(cluster))
    return _form(request, form, _("Enter a cluster"), "capacity:cluster-list")


@permission_required("capacity.edit_cluster")
def supply_create(request: HttpRequest) -> HttpResponse:
    """Say where a pledge's hours run."""
    form = SupplyForm(request.POST or None, initial={"pledge": request.GET.get("pledge")})
    if request.method == "POST" and form.is_valid():
        pledge, clusters = form.cleaned_data["pledge"], list(form.cleaned_data["clusters"])
        with refusals_as_form_errors(form):
            actions.create_supply(pledge=pledge, provider=clusters[0].provider, clusters=clusters, by=acting(request))
            messages.success(request, _("The hours of %(pledge)s can be awarded now.") % {"pledge": pledge})
            return redirect("capacity:supply-list")
    return _form(request, form, _("Enter a supply"), "capacity:supply-list")


@permission_required("capacity.edit_cluster", fn=_cluster)
def cluster_status(request: HttpRequest, public_id: str) -> HttpResponse:
    """Bring a cluster up, drain it or take it down."""
    cluster = _cluster(request, public_id)
    form = ClusterStatusForm(request.POST or None, initial={"status": cluster.status})
    if request.method == "POST" and form.is_valid():
        status, reason = ClusterStatus(form.cleaned_data["status"]), form.cleaned_data["reason"]
        with refusals_as_form_errors(form):
            actions.set_cluster_status(cluster=cluster, status=status, reason=reason, by=acting(request))
            return redirect(cluster_url(cluster))
    return _form(request, form, _("Status of %(name)s") % {"name": cluster}, "capacity:cluster-list")


def _provider(request: HttpRequest, public_id: str) -> Provider:
    return get_object_or_404(Provider, public_id=public_id)


@permission_required("capacity.edit_cluster", fn=_provider)
def provider_status(request: HttpRequest, public_id: str) -> HttpResponse:
    """Pause, resume or end a provider."""
    provider = _provider(request, public_id)
    form = ProviderStatusForm(request.POST or None, initial={"status": provider.status})
    if request.method == "POST" and form.is_valid():
        status, reason = ProviderStatus(form.cleaned_data["status"]), form.cleaned_data["reason"]
        with refusals_as_form_errors(form):
            actions.set_provider_status(provider=provider, status=status, reason=reason, by=acting(request))
            return redirect("capacity:provider-list")
    return _form(request, form, _("Status of %(name)s") % {"name": provider}, "capacity:provider-list")
