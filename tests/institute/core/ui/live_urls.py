"""A live page for the browser: a counter that grows with every question, and a stream that the test feeds."""

import queue
from collections.abc import Iterator
from types import SimpleNamespace

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import Context, RequestContext, Template
from django.urls import path

from tests.institute.core.ui.urls import urlpatterns as others

PAGE = Template(
    """{% extends "core/base.html" %}{% load ui %}{% block title %}Live{% endblock %}{% block content %}
<h1>Live</h1><p class="meta">{% if not state.is_over %}{% live "/stream" %}{% endif %}</p>
<p id="page" data-live-part>{{ state.value }}</p>
<div id="own" data-live-part="/own" data-live-kinds="metrics">{{ state.value }}</div>
<div id="log" data-live-part data-live-kinds="log"><details><summary>more</summary>{{ state.value }}</details></div>
{% endblock %}"""
)


def fresh_state() -> SimpleNamespace:
    return SimpleNamespace(value="first", is_over=False, has_stream=True, lines=queue.Queue(), asked=[])


state = fresh_state()


def page(request: HttpRequest) -> HttpResponse:
    state.asked.append(request.headers.get("X-Live", ""))
    return HttpResponse(PAGE.render(RequestContext(request, {"state": state})))


def own(request: HttpRequest) -> HttpResponse:
    part = '<div id="own" data-live-part="/own" data-live-kinds="metrics">{{ state.value }} alone</div>'
    return HttpResponse(Template(part).render(Context({"state": state})))


def stream(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    if not state.has_stream:
        return HttpResponse("no stream today", status=503)

    def lines(source: "queue.Queue[str]") -> Iterator[str]:
        yield ": open\n\n"
        while (line := source.get(timeout=30)) != "end":
            yield line

    return StreamingHttpResponse(lines(state.lines), content_type="text/event-stream")


urlpatterns = [path("live", page), path("own", own), path("stream", stream), *others]
