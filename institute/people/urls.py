"""Pages of institute.people; the rest of /accounts/ is allauth's."""

from django.urls import path

from institute.people import views

app_name = "people"
urlpatterns = [
    path("accounts/", views.account, name="account"),
    path("accounts/tokens/", views.token_list, name="token-list"),
    path("accounts/tokens/<str:public_id>/revoke/", views.token_revoke, name="token-revoke"),
    path("staff/people", views.person_list, name="person-list"),
    path("staff/people/new", views.person_create, name="person-create"),
    path("staff/people/<str:public_id>", views.person_detail, name="person-detail"),
    path("staff/people/<str:public_id>/end-role", views.role_end, name="role-end"),
]
