"""The SDK's protocol and the API for people."""

from compute.tracking.api.runs import api_urlpatterns

__all__ = ["api_urlpatterns"]
