"""Pages of compute.allocations."""

from django.urls import path

from compute.allocations.views import allocations, projects, requests

app_name = "allocations"
urlpatterns = [
    path("projects", projects.project_list, name="project-list"),
    path("projects/new", projects.project_create, name="project-create"),
    path("projects/<str:handle>", projects.project_detail, name="project-detail"),
    path("projects/<str:handle>/edit", projects.project_edit, name="project-edit"),
    path("projects/<str:handle>/archive", projects.project_archive, name="project-archive"),
    path("projects/<str:handle>/members", projects.member_list, name="member-list"),
    path("projects/<str:handle>/requests/new", requests.request_create, name="request-create"),
    path("projects/<str:handle>/members/<str:public_id>/end", projects.member_end, name="member-end"),
    path("requests", requests.request_list, name="request-list"),
    path("requests/<str:public_id>", requests.request_detail, name="request-detail"),
    path("requests/<str:public_id>/edit", requests.request_edit, name="request-edit"),
    path("requests/<str:public_id>/submit", requests.request_submit, name="request-submit"),
    path("requests/<str:public_id>/withdraw", requests.request_withdraw, name="request-withdraw"),
    path("requests/<str:public_id>/approve", requests.request_approve, name="request-approve"),
    path("requests/<str:public_id>/decline", requests.request_decline, name="request-decline"),
    path("requests/<str:public_id>/return", requests.request_return, name="request-return"),
    path("allocations", allocations.allocation_list, name="allocation-list"),
    path("allocations/<str:public_id>", allocations.allocation_detail, name="allocation-detail"),
    path("allocations/<str:public_id>/freeze", allocations.allocation_freeze, name="allocation-freeze"),
    path("allocations/<str:public_id>/unfreeze", allocations.allocation_unfreeze, name="allocation-unfreeze"),
    path("allocations/<str:public_id>/close", allocations.allocation_close, name="allocation-close"),
    path("allocations/<str:public_id>/sources/<str:source_id>/lock", allocations.source_lock, name="source-lock"),
]
