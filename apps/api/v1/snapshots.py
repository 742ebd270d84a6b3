"""``GET /api/v1/snapshots/ID/…``: what everybody's boards follow from, and for auditors the votes behind them."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.api.speaking import actor_asking
from apps.battles.models import LanguageModel
from apps.rankings.flows import sealed_file
from apps.rankings.models import FactKind, Method, Snapshot
from apps.rankings.queries import everybodys_fact, snapshot_numbered
from apps.rankings.services import record_input_fetch

_PIECE: Final = 1 << 18


class PairSerializer(serializers.Serializer[Any]):
    """How two models' votes ended: those for ``a``, for ``b``, both good, both bad; as votes, and as weight."""

    a = serializers.IntegerField(help_text="The model's number, the lower of the two.")
    b = serializers.IntegerField()
    raw = serializers.ListField(child=serializers.IntegerField(), min_length=4, max_length=4)
    weighted = serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4)


class PairCountsSerializer(serializers.Serializer[Any]):
    """Every pair of the board of everybody; its plain ratings follow from ``weighted``."""

    snapshot = serializers.IntegerField()
    from_snapshot = serializers.IntegerField(help_text="An earlier one where the board stands as it was.")
    models = serializers.DictField(child=serializers.CharField(), help_text="Names by number.")
    pairs = PairSerializer(many=True)


class EvidenceSerializer(serializers.Serializer[Any]):
    """The optimum and what intervals follow from, in natural log-odds; rows as ``models``, then ``columns``."""

    snapshot = serializers.IntegerField()
    from_snapshot = serializers.IntegerField(help_text="An earlier one where the board stands as it was.")
    method = serializers.CharField()
    parameters = serializers.DictField()
    names = serializers.DictField(child=serializers.CharField(), help_text="Names by number.")
    models = serializers.ListField(child=serializers.IntegerField())
    columns = serializers.ListField(child=serializers.CharField())
    theta = serializers.ListField(child=serializers.FloatField())
    beta = serializers.ListField(child=serializers.FloatField())
    gradient = serializers.ListField(child=serializers.FloatField())
    hessian = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    middle = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    covariance = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))


class PairCountsView(APIView):
    """How often each two models met on everybody's board, and with which outcomes."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=PairCountsSerializer)
    def get(self, request: Request, number: int) -> Response:
        """Answer the counts of one snapshot."""
        snapshot = _published(number)
        found = everybodys_fact(snapshot, FactKind.PAIR_COUNTS, Method.PLAIN)
        if found is None:
            raise NotFound("This snapshot has no pair counts.")
        pairs = found.data["pairs"]
        told: Mapping[str, Any] = {
            "snapshot": snapshot.pk,
            "from_snapshot": found.board.snapshot_id,
            "models": _names({pair[side] for pair in pairs for side in ("a", "b")}),
            "pairs": pairs,
        }
        return Response(told)


class EvidenceView(APIView):
    """What the ratings and intervals of everybody's plain or styled board follow from."""

    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[OpenApiParameter("style", str, enum=["on", "off"], description="Style control; on unless said.")],
        responses=EvidenceSerializer,
    )
    def get(self, request: Request, number: int) -> Response:
        """Answer the evidence of one board."""
        style = request.query_params.get("style", "on")
        if style not in {"on", "off"}:
            raise ValidationError({"style": "Say on or off."})
        snapshot = _published(number)
        method = Method.STYLED if style == "on" else Method.PLAIN
        found = everybodys_fact(snapshot, FactKind.EVIDENCE, method)
        if found is None:
            raise NotFound("This snapshot has no evidence for such a board.")
        told: Mapping[str, Any] = {
            "snapshot": snapshot.pk,
            "from_snapshot": found.board.snapshot_id,
            "method": method.value,
            "parameters": found.board.fit.get("parameters", {}),
            "names": _names(set(found.data["models"])),
            **found.data,
        }
        return Response(told)


class SealedInputView(APIView):
    """The counted votes of a snapshot as Parquet, for auditors; each download is an entry of the log first."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={(200, "application/vnd.apache.parquet"): OpenApiTypes.BINARY})
    def get(self, request: Request, number: int) -> HttpResponseBase:
        """Answer the file; where it was made again and differs, the header X-Sealed-Input says so."""
        snapshot = _published(number)
        record_input_fetch(actor=actor_asking(request), snapshot=snapshot, now=timezone.now())
        found = sealed_file(snapshot)
        if found is None:
            raise NotFound("This snapshot was published before inputs were sealed.")
        parts = _pieces(found.path)
        # Under ASGI Django would gather the whole file in memory before it sends the first byte of a plain iterator.
        body = _one_by_one(parts) if isinstance(request._request, ASGIRequest) else parts
        response = StreamingHttpResponse(body, content_type="application/vnd.apache.parquet")
        response["Content-Length"] = str(found.path.stat().st_size)
        response["Content-Disposition"] = f'attachment; filename="showdown-snapshot-{snapshot.pk}.parquet"'
        response["X-Sealed-Input"] = "as-published" if found.is_the_same else "made-again-and-differs"
        return response


def _published(number: int) -> Snapshot:
    snapshot = snapshot_numbered(number)
    if snapshot is None:
        raise NotFound("There is no published snapshot of this number.")
    return snapshot


def _names(models: set[int]) -> dict[str, str]:
    found = LanguageModel.objects.filter(pk__in=models).order_by("pk").values_list("pk", "name")
    return {str(number): name for number, name in found}


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


async def _one_by_one(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    def following() -> bytes | None:
        return next(parts, None)

    while (piece := await sync_to_async(following)()) is not None:
        yield piece
