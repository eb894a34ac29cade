"""Pages of compute.capacity."""

from django.urls import path

from compute.capacity import views

app_name = "capacity"
urlpatterns = [
    path("clusters", views.cluster_list, name="cluster-list"),
    path("clusters/new", views.cluster_create, name="cluster-create"),
    path("clusters/providers", views.provider_list, name="provider-list"),
    path("clusters/providers/new", views.provider_create, name="provider-create"),
    path("clusters/types", views.type_list, name="type-list"),
    path("clusters/types/new", views.type_create, name="type-create"),
    path("clusters/supplies", views.supply_list, name="supply-list"),
    path("clusters/supplies/new", views.supply_create, name="supply-create"),
    path("clusters/providers/<str:public_id>/status", views.provider_status, name="provider-status"),
    path("clusters/<str:public_id>", views.cluster_detail, name="cluster-detail"),
    path("clusters/<str:public_id>/status", views.cluster_status, name="cluster-status"),
]
