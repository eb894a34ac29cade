"""API of grants.funding."""

from django.urls import URLPattern

api_urlpatterns: list[URLPattern] = []
