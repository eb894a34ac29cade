"""Pages of compute.capacity."""

from django.urls import path

from compute.capacity import views

app_name = "capacity"
urlpatterns = [
    path("clusters", views.cluster_list, name="cluster-list"),
    path("clusters/new", views.cluster_create, name="cluster-create"),
    path("clusters/<str:public_id>", views.cluster_detail, name="cluster-detail"),
    path("clusters/<str:public_id>/status", views.cluster_status, name="cluster-status"),
    path("providers", views.provider_list, name="provider-list"),
    path("providers/new", views.provider_create, name="provider-create"),
    path("providers/types", views.type_list, name="type-list"),
    path("providers/types/new", views.type_create, name="type-create"),
    path("providers/supplies", views.supply_list, name="supply-list"),
    path("providers/supplies/new", views.supply_create, name="supply-create"),
    path("providers/<str:public_id>/status", views.provider_status, name="provider-status"),
]
