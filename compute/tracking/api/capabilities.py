"""Addresses that carry their own right: one file, one method, a limited time."""

from datetime import timedelta
from typing import Any

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from compute.tracking.models import RunFile

PUT_FOR = timedelta(days=8)  # the SDK tries for seven
GET_FOR = timedelta(hours=1)
SALTS = {"PUT": "compute.tracking.put", "GET": "compute.tracking.get"}


def address(request: HttpRequest, file: RunFile, method: str) -> str:
    """An absolute address at which the file may be sent (PUT) or fetched (GET), without a key."""
    token = signing.dumps({"file": file.public_id}, salt=SALTS[method])
    return request.build_absolute_uri(reverse("tracker:storage", kwargs={"token": token}))


def file_behind(token: str, method: str) -> RunFile | None:
    """The file that the token opens for this method; None if it does not, or no longer."""
    allowed_for = PUT_FOR if method == "PUT" else GET_FOR
    try:
        payload: Any = signing.loads(token, salt=SALTS[method], max_age=allowed_for)
    except signing.BadSignature:
        return None
    return RunFile.objects.select_related("run").filter(public_id=payload["file"]).first()
