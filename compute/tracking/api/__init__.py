"""The SDK's protocol and the API for people."""

from django.urls import URLPattern

api_urlpatterns: list[URLPattern] = []
