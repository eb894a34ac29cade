"""Pages of institute.staff."""

from django.urls import path

from institute.staff import views

app_name = "staff"
urlpatterns = [
    path("staff/", views.dashboard, name="dashboard"),
    path("staff/outbox", views.outbox_list, name="outbox-list"),
    path("staff/outbox/<str:event_id>/<int:pk>/retry", views.letter_retry, name="letter-retry"),
    path("staff/outbox/<str:event_id>/<int:pk>/discard", views.letter_discard, name="letter-discard"),
    path("staff/audit", views.audit_list, name="audit-list"),
]
