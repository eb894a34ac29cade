"""API of compute.jobs: for people and their tokens, and for the jobs' own supervisors."""

from django.urls import URLPattern, path

from compute.jobs.api import attempts, jobs

api_urlpatterns: list[URLPattern] = [
    path("recipes", jobs.RecipeList.as_view(), name="recipe-list"),
    path("jobs", jobs.JobList.as_view(), name="job-list"),
    path("jobs/quote", jobs.JobQuote.as_view(), name="job-quote"),
    path("jobs/<str:public_id>", jobs.JobDetail.as_view(), name="job-detail"),
    path("jobs/<str:public_id>/attempts", jobs.JobAttempts.as_view(), name="job-attempts"),
    path("jobs/<str:public_id>/files", jobs.JobFiles.as_view(), name="job-files"),
    path("jobs/<str:public_id>/log", jobs.JobLog.as_view(), name="job-log"),
    path("jobs/<str:public_id>/stop", jobs.JobStop.as_view(), name="job-stop"),
    path("attempts/<str:public_id>/lease", attempts.AttemptLeaseView.as_view(), name="attempt-lease"),
    path("attempts/<str:public_id>/checkpoints", attempts.CheckpointView.as_view(), name="attempt-checkpoints"),
    path("attempts/<str:public_id>/inputs/<str:sha256>", attempts.InputView.as_view(), name="attempt-input"),
    path("attempts/<str:public_id>/files/<str:sha256>", attempts.FileView.as_view(), name="attempt-file"),
    path("attempts/<str:public_id>/output", attempts.OutputView.as_view(), name="attempt-output"),
]
