"""The addresses of the house. What a client's protocol fixes stands outside the language prefix."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from compute.allocations.api import api_urlpatterns as allocations_api
from compute.capacity.api import api_urlpatterns as capacity_api
from compute.jobs.api import api_urlpatterns as jobs_api
from compute.tracking.api import api_urlpatterns as tracking_api
from grants.donors.api import api_urlpatterns as donors_api
from grants.funding.api import api_urlpatterns as funding_api
from institute.catalog.api import api_urlpatterns as catalog_api
from institute.core import health, problems
from institute.people.api import api_urlpatterns as people_api
from institute.staff.api import api_urlpatterns as staff_api

api_patterns = [
    *people_api,
    *donors_api,
    *funding_api,
    *capacity_api,
    *allocations_api,
    *jobs_api,
    *tracking_api,
    *catalog_api,
    *staff_api,
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
]

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", include((api_patterns, "api"))),
    re_path(r"^api/v1(?:/|$)", problems.unrouted),
    path("", include("compute.tracking.api.urls")),
]

urlpatterns += i18n_patterns(
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("institute.core.ui.urls")),
    path("", include("institute.people.urls")),
    path("", include("grants.donors.urls")),
    path("", include("grants.funding.urls")),
    path("", include("compute.capacity.urls")),
    path("", include("compute.allocations.urls")),
    path("", include("compute.jobs.urls")),
    path("", include("compute.tracking.urls")),
    path("", include("institute.staff.urls")),
    # Last: its addresses begin with a handle.
    path("", include("institute.catalog.urls")),
    prefix_default_language=False,
)
