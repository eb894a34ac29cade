"""API of compute.allocations. Quantities are accelerator-seconds."""

from django.urls import path

from compute.allocations.api import allocations, projects, requests
from institute.core.api import verb_view

api_urlpatterns = [
    path("projects", projects.ProjectList.as_view(), name="project-list"),
    path("projects/<str:public_id>", projects.ProjectDetail.as_view(), name="project-detail"),
    path("projects/<str:public_id>/archive", projects.ProjectArchive.as_view(), name="project-archive"),
    path("projects/<str:public_id>/members", projects.MemberList.as_view(), name="member-list"),
    path("memberships/<str:public_id>/end", projects.MemberEnd.as_view(), name="member-end"),
    path("requests", requests.RequestList.as_view(), name="request-list"),
    path("requests/<str:public_id>", requests.RequestDetail.as_view(), name="request-detail"),
    *[
        path(f"requests/<str:public_id>/{verb}", verb_view(requests.RequestVerb, verb, takes), name=f"request-{verb}")
        for verb, (_permission, _act, takes) in requests.VERBS.items()
    ],
    path("requests/<str:public_id>/approve", requests.RequestApprove.as_view(), name="request-approve"),
    path("allocations", allocations.AllocationList.as_view(), name="allocation-list"),
    path("allocations/<str:public_id>", allocations.AllocationDetail.as_view(), name="allocation-detail"),
    *[
        path(
            f"allocations/<str:public_id>/{verb}",
            allocations.AllocationVerb.as_view(verb=verb),
            name=f"allocation-{verb}",
        )
        for verb in allocations.VERBS
    ],
    path("sources/<str:public_id>/lock", allocations.SourceLock.as_view(), name="source-lock"),
    path("hours-transactions", allocations.TransactionList.as_view(), name="hours-transaction-list"),
]
