"""API of institute.staff."""

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from institute.people.access import require_permission
from institute.staff import queries


class PledgeFigures(serializers.Serializer[Any]):
    """One pledge's hours, in accelerator-seconds."""

    id = serializers.CharField(source="pledge.public_id")
    title = serializers.CharField(source="pledge.title")
    type_slug = serializers.CharField(source="terms.type_slug")
    deposited = serializers.IntegerField(source="balances.deposited")
    promised = serializers.IntegerField(source="balances.promised")
    held = serializers.IntegerField(source="balances.held")
    spent = serializers.IntegerField(source="balances.spent")
    left = serializers.IntegerField()


class TodaySerializer(serializers.Serializer[Any]):
    """What needs somebody today."""

    requests_waiting = serializers.IntegerField(source="waiting")
    duties_overdue = serializers.IntegerField(source="overdue")
    pledges_expiring = serializers.IntegerField(source="expiring")
    dead_letters = serializers.IntegerField()
    lag_seconds = serializers.IntegerField()
    jobs = serializers.DictField(child=serializers.IntegerField())
    pledges = PledgeFigures(many=True)


class TodayView(APIView):
    """The staff's first page as figures."""

    @extend_schema(responses=TodaySerializer)
    def get(self, request: Request) -> Response:
        """Requests, duties, jobs, hours and dead letters now."""
        require_permission(request, "staff.view_today")
        return Response(TodaySerializer(queries.today(timezone.now())).data)


api_urlpatterns = [path("today", TodayView.as_view(), name="today")]
