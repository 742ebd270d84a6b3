"""``GET /api/v1/leaderboard/``: one published board, for everybody."""

import re
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.rankings.domain.membership import NotOnTheList
from apps.rankings.domain.segments import TARGETS, methods_asked, segment_asked, values_asked
from apps.rankings.flows.rules import declared_list
from apps.rankings.models import Method, Snapshot
from apps.rankings.queries import board_view, latest_snapshot, snapshot_numbered


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
    stands_since = serializers.DateTimeField(
        allow_null=True, help_text="When its numbers were published, where too few people's votes changed since then."
    )
    hidden_because = serializers.CharField(source="board.suppressed_because", allow_blank=True)
    models = RatingSerializer(many=True, source="rows")


class LeaderboardView(APIView):
    """One published board: of everybody, of one value of an attribute, of a declared pair, or of an imported file."""

    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[
            OpenApiParameter("snapshot", int, description="Number of a snapshot; the latest unless said."),
            OpenApiParameter("country", str, description="ISO 3166-1 alpha-2 code of the voters' country."),
            OpenApiParameter("language", str, description="BCP 47 code of the prompt's language."),
            OpenApiParameter("profession", str, description="ISCO-08 code of the voters' profession."),
            OpenApiParameter("age_band", str, description="The voters' age, such as 25-34 or 65+."),
            OpenApiParameter("education", str, description="The voters' education, ISCED 2011 level 0 to 8."),
            OpenApiParameter("category", str, description="What the prompt asks for, such as coding."),
            OpenApiParameter("proof", str, description="How well the voters' claims are proved, 0 to 4."),
            OpenApiParameter("dataset", int, description="Id of an imported file of votes."),
            OpenApiParameter(
                "released", str, enum=["with", "without"], description="Votes on battles sold since; with unless said."
            ),
            OpenApiParameter("style", str, enum=["on", "off"], description="Style control; on unless said."),
            OpenApiParameter(
                "target",
                str,
                enum=list(TARGETS),
                description="Whom the board speaks for; as pairs were drawn unless said.",
            ),
        ],
        responses=LeaderboardSerializer,
    )
    def get(self, request: Request) -> Response:
        """Answer one board."""
        chosen = values_asked(request.query_params.get)
        declared = declared_list()
        try:
            segment = segment_asked(chosen, declared)
        except NotOnTheList as absent:
            listed = "; ".join(" with ".join(one) for one in (*declared.combinations, ("dataset",)) if one)
            raise ValidationError(f"This combination is not on the list. On it are: {listed}.") from absent
        style = _one_of(request, "style", ("on", "off"))
        released = _one_of(request, "released", ("with", "without"))
        target = _one_of(request, "target", ("", *TARGETS))
        snapshot = _snapshot(request.query_params.get("snapshot", ""))
        view = None
        for method in methods_asked(style=style, target=target):
            view = view or board_view(
                snapshot=snapshot,
                segment=segment,
                method=Method(method),
                without_released=released == "without",
            )
        if view is None:
            raise NotFound("There is no such board.")
        return Response(LeaderboardSerializer(view).data)


def _one_of(request: Request, name: str, words: tuple[str, ...]) -> str:
    given = request.query_params.get(name, words[0])
    if given not in words:
        raise ValidationError({name: f"Say {' or '.join(word for word in words if word)}."})
    return given


def _snapshot(number: str) -> Snapshot:
    if number and not re.fullmatch(r"[0-9]{1,9}", number):
        raise ValidationError({"snapshot": "Say the number of a snapshot."})
    snapshot = snapshot_numbered(int(number)) if number else latest_snapshot()
    if snapshot is None:
        raise NotFound("There is no such snapshot." if number else "No snapshot has been published yet.")
    return snapshot
