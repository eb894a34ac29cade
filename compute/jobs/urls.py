"""Pages of compute.jobs."""

from django.urls import URLPattern, path

from compute.jobs.views import listing, submitting, watching

app_name = "jobs"
urlpatterns: list[URLPattern] = [
    path("jobs", listing.job_list, name="job-list"),
    path("jobs/new", submitting.job_create, name="job-create"),
    path("jobs/new/quote", submitting.job_quote, name="job-quote"),
    path("jobs/<str:public_id>", watching.job_detail, name="job-detail"),
    path("jobs/<str:public_id>/live", watching.job_live, name="job-live"),
    path("jobs/<str:public_id>/log", watching.job_log, name="job-log"),
    path("jobs/<str:public_id>/stop", watching.job_stop, name="job-stop"),
    path("jobs/<str:public_id>/files/<path:path>", watching.job_file, name="job-file"),
]
