"""What a reader may know of: everything else is 404."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from compute.allocations import queries
from compute.allocations.models import Allocation, AllocationSource, Membership, Project, Request
from institute.people.access import once
from institute.people.models import User


def reader(request: HttpRequest) -> User:
    """The person who reads; asked only for those who signed in."""
    assert isinstance(request.user, User)
    return request.user


@once
def visible_project(request: HttpRequest, handle: str, **_: Any) -> Project:
    """The project with this handle."""
    visible = queries.projects_visible_to(reader(request), timezone.now())
    return get_object_or_404(visible, handle__lower=handle.lower())


def visible_membership(request: HttpRequest, handle: str, public_id: str) -> Membership:
    """A membership of a project that the reader sees."""
    memberships = Membership.objects.select_related("project", "user")
    return get_object_or_404(memberships, public_id=public_id, project=visible_project(request, handle))


@once
def visible_request(request: HttpRequest, public_id: str, **_: Any) -> Request:
    """A request of the reader's projects or, for staff, one that was submitted."""
    return get_object_or_404(queries.requests_visible_to(reader(request), timezone.now()), public_id=public_id)


@once
def visible_allocation(request: HttpRequest, public_id: str, **_: Any) -> Allocation:
    """An allocation of the reader's projects, of their donor's pledges or, for staff, any."""
    visible = queries.allocations_visible_to(reader(request), timezone.now()).select_related("request")
    return get_object_or_404(visible, public_id=public_id)


def visible_source(request: HttpRequest, public_id: str, source_id: str) -> AllocationSource:
    """A source of an allocation that the reader sees."""
    sources = AllocationSource.objects.select_related("allocation", "pledge")
    return get_object_or_404(sources, public_id=source_id, allocation=visible_allocation(request, public_id))


def project_url(project: Project) -> str:
    """The page of a project."""
    return reverse("allocations:project-detail", args=[project.handle])


def request_url(request: Request) -> str:
    """The page of a request for hours."""
    return reverse("allocations:request-detail", args=[request.public_id])


def allocation_url(allocation: Allocation) -> str:
    """The page of an allocation."""
    return reverse("allocations:allocation-detail", args=[allocation.public_id])
