"""Pages of grants.donors."""

from django.urls import path

from grants.donors import views

app_name = "donors"
urlpatterns = [
    path("donors", views.donor_list, name="donor-list"),
    path("donors/<str:public_id>", views.donor_detail, name="donor-detail"),
    path("staff/donors", views.donor_desk, name="donor-desk"),
    path("staff/donors/new", views.donor_create, name="donor-create"),
    path("staff/donors/<str:public_id>/edit", views.donor_edit, name="donor-edit"),
]
