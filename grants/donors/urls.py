"""Pages of grants.donors."""

from django.urls import path

from grants.donors import views

app_name = "donors"
urlpatterns = [
    path("donors", views.donor_list, name="donor-list"),
    path("donors/<str:public_id>", views.donor_detail, name="donor-detail"),
    path("staff/donors", views.donor_desk, name="donor-desk"),
    path("staff/donors/new", views.donor_create, name="donor-create"),
    path("staff/donors/<str:public_id>", views.donor_file, name="donor-file"),
    path("staff/donors/<str:public_id>/edit", views.donor_edit, name="donor-edit"),
    path("staff/donors/<str:public_id>/contacts", views.contact_add, name="contact-add"),
    path("staff/donors/<str:public_id>/contacts/<str:user_id>/end", views.contact_end, name="contact-end"),
    path("staff/donors/<str:public_id>/consents", views.consent_add, name="consent-add"),
    path("staff/donors/<str:public_id>/consents/<str:purpose>/withdraw", views.consent_end, name="consent-end"),
    path("staff/donors/<str:public_id>/points", views.point_add, name="point-add"),
]
