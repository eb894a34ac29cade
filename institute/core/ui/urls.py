"""Addresses of the furniture; include them at the root."""

from django.urls import path

from institute.core.ui import views

app_name = "ui"
urlpatterns = [
    path("staff/style", views.style_page, name="style"),
    path("accent.css", views.accent_css, name="accent"),
]
