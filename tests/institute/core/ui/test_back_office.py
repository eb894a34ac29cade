"""The back office wears the institute's name and the same colours."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]


@pytest.mark.urls("tests.institute.core.ui.test_back_office")
def test_the_back_office_is_under_the_same_tokens() -> None:
    request = RequestFactory().get("/admin/login/")
    request.user = AnonymousUser()
    html = render_to_string("admin/login.html", {**admin.site.each_context(request), "title": "x"}, request=request)
    assert html.index("core/tokens.css") < html.index("core/admin.css")
    assert html.index("admin/css/base.css") < html.index("core/admin.css")
    assert "Example Institute · back office" in html
    assert "style=" not in html
