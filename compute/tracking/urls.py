"""Pages of compute.tracking."""

from django.urls import path

from compute.tracking import views

app_name = "tracking"
urlpatterns = [
    path("runs", views.run_list, name="run-list"),
    path("runs/<str:public_id>", views.run_detail, name="run-detail"),
    path("runs/<str:public_id>/curves", views.run_curves, name="run-curves"),
    path("runs/<str:public_id>/panel", views.run_panel, name="run-panel"),
    path("runs/<str:public_id>/log", views.run_log, name="run-log"),
    path("runs/<str:public_id>/log.txt", views.run_log_text, name="run-log-text"),
    path("runs/<str:public_id>/series", views.run_series, name="run-series"),
    path("runs/<str:public_id>/live", views.run_live, name="run-live"),
    path("runs/<str:public_id>/stop", views.run_stop, name="run-stop"),
    path("runs/<str:public_id>/files/<path:path>", views.run_file, name="run-file"),
]
