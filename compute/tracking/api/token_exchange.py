"""`POST /oidc/token`: a cluster's own identity token against one of ours.

No cluster of this institute has an issuer that it trusts yet (the local backend hands its jobs a key), so
every well-formed request is refused as RFC 6749 says; a malformed one gets 400.
"""

from urllib.parse import parse_qs

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from compute.tracking.answers import json_answer
from compute.tracking.api.wire import Answer, protocol_view, read_body

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@protocol_view
def token_exchange(request: HttpRequest) -> HttpResponseBase:
    """Exchange an assertion; 401 for an issuer that is not trusted."""
    if request.method != "POST":
        raise Answer(405, "Only POST is answered here.")
    form = parse_qs(read_body(request, 64 * 1024).decode(errors="replace"))
    if form.get("grant_type") != [GRANT]:
        return json_answer({"error": "unsupported_grant_type"}, 400)
    if form.get("assertion", [""])[0].count(".") != 2:
        return json_answer({"error": "invalid_request", "error_description": "assertion is no JWT"}, 400)
    return json_answer({"error": "invalid_grant", "error_description": "the issuer is not trusted"}, 401)
