"""API of institute.staff."""

from django.urls import URLPattern

api_urlpatterns: list[URLPattern] = []
