"""The SDK's addresses: below /wandb, and the three that clients fix at the root."""

from django.urls import path

from compute.tracking.api.file_stream import file_stream
from compute.tracking.api.graphql import graphql
from compute.tracking.api.probe import probe, run_redirect
from compute.tracking.api.storage import storage
from compute.tracking.api.token_exchange import token_exchange

app_name = "tracker"
_fixed = (
    ("graphql", graphql, "graphql"),
    ("files/<str:entity>/<str:project>/<str:run>/file_stream", file_stream, "file-stream"),
    ("oidc/token", token_exchange, "token-exchange"),
)
urlpatterns = [
    path("wandb", probe, name="probe"),
    path("wandb/", probe, name="probe-slash"),
    path("wandb/storage/<str:token>", storage, name="storage"),
    path("wandb/<str:entity>/<str:project>/runs/<str:name>", run_redirect, name="run-redirect"),
    *(path(f"wandb/{route}", view, name=name) for route, view, name in _fixed),
    *(path(route, view, name=f"{name}-at-root") for route, view, name in _fixed),
]
