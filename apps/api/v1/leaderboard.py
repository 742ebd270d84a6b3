"""``GET /api/v1/leaderboard/``: one published board, for everybody."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.rankings.domain.segments import ATTRIBUTES, EVERYONE, name_of
from apps.rankings.models import Method
from apps.rankings.queries import board_view, latest_snapshot

_CUTS = (*ATTRIBUTES, "dataset")


class RatingSerializer(serializers.Serializer[Any]):
    """One model's line; ratings in points (400 points are a factor of ten in the odds)."""

    model = serializers.CharField(source="model.name")
    organization = serializers.CharField(source="model.organization.name")
    rating = serializers.FloatField()
    lower = serializers.FloatField(allow_null=True)
    upper = serializers.FloatField(allow_null=True)
    rank = serializers.IntegerField()
    rank_low = serializers.IntegerField()
    rank_high = serializers.IntegerField()
    votes = serializers.IntegerField()
    contributors = serializers.IntegerField()


class LeaderboardSerializer(serializers.Serializer[Any]):
    """A board with the snapshot that it stands in; without models when it is hidden, and then with the reason."""

    snapshot = serializers.IntegerField(source="snapshot.pk")
    published_at = serializers.DateTimeField(source="snapshot.published_at")
    policy_version = serializers.IntegerField(source="snapshot.policy_version")
    votes_root = serializers.CharField(source="snapshot.votes_root")
    segment = serializers.CharField(source="board.segment")
    method = serializers.CharField(source="board.method")
    votes = serializers.IntegerField(source="board.votes")
    contributors = serializers.IntegerField(source="board.contributors")
    on_released = serializers.IntegerField(
        source="board.on_released",
        help_text="Votes in it whose battle was sold since; they were cast before and count on.",
    )
    without_released = serializers.BooleanField(source="board.is_without_released")
    hidden_because = serializers.CharField(source="board.suppressed_because", allow_blank=True)
    models = RatingSerializer(many=True, source="rows")


class LeaderboardView(APIView):
    """The latest published board of everybody, of one country, of one language, or of one imported file."""

    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[
            OpenApiParameter("country", str, description="ISO 3166-1 alpha-2 code of the voters' country."),
            OpenApiParameter("language", str, description="BCP 47 code of the prompt's language."),
            OpenApiParameter("dataset", int, description="Id of an imported file of votes."),
            OpenApiParameter(
                "released", str, enum=["with", "without"], description="Votes on battles sold since; with unless said."
            ),
            OpenApiParameter("style", str, enum=["on", "off"], description="Style control; on unless said."),
        ],
        responses=LeaderboardSerializer,
    )
    def get(self, request: Request) -> Response:
        """Answer one board."""
        chosen = {cut: request.query_params[cut][:32] for cut in _CUTS if request.query_params.get(cut)}
        if len(chosen) > 1:
            raise ValidationError("This combination is not on the list: ask for one country, language or dataset.")
        style = request.query_params.get("style", "on")
        if style not in {"on", "off"}:
            raise ValidationError({"style": "Say on or off."})
        released = request.query_params.get("released", "with")
        if released not in {"with", "without"}:
            raise ValidationError({"released": "Say with or without."})
        snapshot = latest_snapshot()
        if snapshot is None:
            raise NotFound("No snapshot has been published yet.")
        segment = next((name_of(cut, value) for cut, value in chosen.items()), EVERYONE)
        view = None
        for method in (Method.PLAIN,) if style == "off" else (Method.STYLED, Method.PLAIN):
            view = view or board_view(
                snapshot=snapshot, segment=segment, method=method, without_released=released == "without"
            )
        if view is None:
            raise NotFound("There is no such board.")
        return Response(LeaderboardSerializer(view).data)
