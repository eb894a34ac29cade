"""`POST /files/{entity}/{project}/{run}/file_stream`: what a process has to tell since its last post."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from compute.tracking.actions.ingest import ingest_post
from compute.tracking.answers import json_answer
from compute.tracking.api.reach import run_for_writing
from compute.tracking.api.wire import Answer, caller_of, protocol_view, read_json
from compute.tracking.rules.posts import BadPost, Post, parse_post


def client_id_of(request: HttpRequest) -> str:
    """Which of several writers posts, "" outside the SDK's shared mode."""
    if request.headers.get("X-Wandb-Use-Async-Filestream", "").lower() != "true":
        return ""
    return request.headers.get("X-Wandb-Async-Client-Id", "")[:128]


def _post(request: HttpRequest) -> Post:
    try:
        return parse_post(read_json(request))
    except BadPost as error:
        raise Answer(400, str(error)) from error


@protocol_view
def file_stream(request: HttpRequest, entity: str, project: str, run: str) -> HttpResponseBase:
    """Keep the post; `{"stopped": true}` asks the training to stop."""
    if request.method != "POST":
        raise Answer(405, "Only POST is answered here.")
    caller = caller_of(request)
    target = run_for_writing(caller, entity=entity, project=project, name=run)
    receipt = ingest_post(run=target, post=_post(request), by=caller.actor, client_id=client_id_of(request))
    return json_answer({"stopped": True} if receipt.is_stopped else {})
