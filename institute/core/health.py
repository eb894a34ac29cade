"""Health for supervisors and scrapers."""

import hmac

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django_prometheus.exports import ExportToDjangoView
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector

from institute.core import live, outbox


def livez(request: HttpRequest) -> HttpResponse:
    """200 while this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database and Redis answer, else 503 naming what does not."""
    faults: dict[str, str] = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        faults["database"] = type(error).__name__
    try:
        live.ping()
    except redis.RedisError as error:
        faults["redis"] = type(error).__name__
    return JsonResponse({"ready": not faults, "faults": faults}, status=503 if faults else 200)


class OutboxCollector(Collector):
    """Outbox figures, read from the database at each scrape."""

    def collect(self):  # type: ignore[no-untyped-def]  # the library's own signature is untyped
        """One gauge each for the lag and for the dead letters."""
        yield GaugeMetricFamily(
            "headwaters_outbox_lag_seconds",
            "Age of the oldest pending message",
            outbox.lag_seconds(now=timezone.now()),
        )
        yield GaugeMetricFamily("headwaters_outbox_dead_letters", "Dead letters", outbox.dead_letters().count())

    def describe(self):  # type: ignore[no-untyped-def]  # keeps registration from reading the database
        """Nothing is known before a scrape."""
        return []


def register_collectors() -> None:
    """Add the gauges to the process's registry; once, from CoreConfig.ready()."""
    REGISTRY.register(OutboxCollector())


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for loopback or for the bearer of METRICS_TOKEN."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = settings.METRICS_TOKEN
    if not (token and hmac.compare_digest(given, token)) and request.META.get("REMOTE_ADDR") not in {
        "127.0.0.1",
        "::1",
    }:
        return HttpResponse(status=403)
    response: HttpResponse = ExportToDjangoView(request)
    return response
