"""``GET /api/v1/log/``: the state of the log, for everybody."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.audit.queries import log_overview


class HexField(serializers.CharField):
    """Bytes as hexadecimal digits."""

    def to_representation(self, value: Any) -> str:
        """Return the digits."""
        return bytes(value).hex()


class LogSerializer(serializers.Serializer[Any]):
    """How many entries the tree holds, under which root (hex), and how many wait."""

    size = serializers.IntegerField()
    root_hash = HexField(source="root")
    last_head_at = serializers.DateTimeField(allow_null=True)
    waiting = serializers.IntegerField()


class LogView(APIView):
    """The tree that every decision, vote and release stands in."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=LogSerializer)
    def get(self, request: Request) -> Response:
        """Answer the latest tree head."""
        return Response(LogSerializer(log_overview()).data)
