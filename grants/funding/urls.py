"""Pages of grants.funding."""

from django.urls import URLPattern

app_name = "funding"
urlpatterns: list[URLPattern] = []
