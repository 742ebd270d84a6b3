"""``/api/v1/releases/``, ``deliveries/``, ``revocations/`` and ``notices/``: a licensee's own, by program."""

import hashlib
import re
from typing import Any, Final

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.speaking import ForLicensees, actor_asking, licensees_asked_for, licensees_asking
from apps.licensing.models import Edition, Notice, OfferState, ReleaseState
from apps.licensing.queries.deliveries import (
    Obstacle,
    deliveries_of,
    edition_of,
    editions_of,
    files_of,
    obstacle_to,
)
from apps.licensing.queries.withdrawals import RevokedRow, notices_of, revocations
from apps.licensing.services.notices import acknowledge_notice
from apps.licensing.views.streaming import file_response

_MAX_ID: Final = 2**63 - 1
_PAGE: Final = 1_000
_CURSOR: Final = re.compile(r"([1-9][0-9]{0,17})-([0-9a-f]{32})")
_NOT_MODIFIED: Final = 304
_FOR_ONE: Final = OpenApiParameter("licensee", int, description="For which licensee, when you speak for several.")


class FileSerializer(serializers.Serializer[Any]):
    """A file of an edition; ``sha256`` in hexadecimal digits, ``rows`` null for what is no table."""

    name = serializers.CharField()
    sha256 = serializers.CharField()
    bytes = serializers.IntegerField()
    rows = serializers.IntegerField(allow_null=True)


class EditionSerializer(serializers.Serializer[Any]):
    """One edition; ``obstacle`` says why none of its files can be fetched now, null when they can.

    ``state`` is that of its release, by the words of the pages: while the release is sealed, that of the offer.
    """

    edition = serializers.IntegerField(source="pk")
    release = serializers.IntegerField(source="release_id")
    licensee = serializers.IntegerField(source="licensee_id")
    title = serializers.CharField(source="release.title")
    state = serializers.SerializerMethodField()
    revision = serializers.IntegerField()
    rows = serializers.IntegerField()
    manifest_sha256 = serializers.CharField()
    opens_at = serializers.DateTimeField(source="offer.opens_at", allow_null=True)
    obstacle = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(sorted({*OfferState.values, ReleaseState.WITHDRAWN.value})))
    def get_state(self, edition: Edition) -> str:
        """Name it."""
        if edition.release.state == ReleaseState.WITHDRAWN:
            return ReleaseState.WITHDRAWN.value
        return str(edition.offer.state)

    @extend_schema_field(serializers.ChoiceField([each.value for each in Obstacle], allow_null=True))
    def get_obstacle(self, edition: Edition) -> str | None:
        """Say why, as a code."""
        found = obstacle_to(edition, at=timezone.now())
        return found.value if found is not None else None

    @extend_schema_field(FileSerializer(many=True))
    def get_files(self, edition: Edition) -> list[dict[str, Any]]:
        """Name the files."""
        return [dict(each) for each in FileSerializer(files_of(edition), many=True).data]


class DeliverySerializer(serializers.Serializer[Any]):
    """One delivery; ``entry`` is the subject under which the log tells of it."""

    counter = serializers.IntegerField()
    licensee = serializers.CharField(source="licensee.ref")
    edition = serializers.IntegerField(source="edition_id")
    revision = serializers.IntegerField()
    file = serializers.CharField()
    sha256 = serializers.CharField(source="file_sha256")
    state = serializers.CharField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    bytes = serializers.IntegerField(source="file_bytes")
    bytes_sent = serializers.IntegerField()
    entry = serializers.CharField(source="ref")


class RevokedRowSerializer(serializers.Serializer[RevokedRow]):
    """A row to delete, under the name that the licensee's own copy gives it."""

    row = serializers.CharField()
    release = serializers.IntegerField()
    notice = serializers.IntegerField()
    issued_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    urgent = serializers.BooleanField()


class RevocationsSerializer(serializers.Serializer[Any]):
    """A page of the feed; ``next`` is the cursor of the following one, and stays valid when nothing follows yet."""

    rows = RevokedRowSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    more = serializers.BooleanField()


class NoticeSerializer(serializers.Serializer[Notice]):
    """A notice and whether it was answered; ``document_sha256`` stands in the log."""

    number = serializers.IntegerField()
    rows = serializers.IntegerField()
    issued_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    document_sha256 = serializers.CharField(source="sha256")


class AnswerSerializer(serializers.Serializer[Any]):
    """Who confirms that the rows are deleted."""

    name = serializers.CharField(max_length=120)


class EditionsView(ForLicensees):
    """A licensee's editions with their files."""

    @extend_schema(parameters=[_FOR_ONE], responses=EditionSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        return Response(EditionSerializer(editions_of(licensees_asked_for(request)), many=True).data)


class EditionFileView(ForLicensees):
    """A file of an edition: whole, or a range of it (RFC 9110), with its checksum in Repr-Digest (RFC 9530)."""

    @extend_schema(
        parameters=[
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One range of bytes."),
            OpenApiParameter("If-Range", str, OpenApiParameter.HEADER, description="The ETag of what is there."),
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, edition_id: int, name: str) -> HttpResponseBase:
        """Send it; the delivery is an entry of the log before the first byte."""
        licensees = licensees_asking(request)
        edition = edition_of(licensees, edition_id) if edition_id <= _MAX_ID else None
        return file_response(request._request, actor=actor_asking(request), edition=edition, name=name, via="api")

    @extend_schema(exclude=True)
    def head(self, request: Request, edition_id: int, name: str) -> HttpResponseBase:
        """Say how large it is and what its checksum is; nothing is sent or counted."""
        return self.get(request, edition_id, name)


class DeliveriesView(ForLicensees):
    """What a licensee has fetched."""

    @extend_schema(parameters=[_FOR_ONE], responses=DeliverySerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the newest hundred deliveries, newest first."""
        return Response(DeliverySerializer(deliveries_of(licensees_asked_for(request)), many=True).data)


class RevocationsView(ForLicensees):
    """Rows that a licensee was told to delete, in the order in which they were told."""

    @extend_schema(
        parameters=[
            _FOR_ONE,
            OpenApiParameter("after", str, description="The cursor of an earlier answer: what was told since."),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="An earlier answer's ETag."),
        ],
        responses=RevocationsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Answer one page; 304 when it is the one that the reader has."""
        asked = request.query_params.get("after", "")
        place = _CURSOR.fullmatch(asked)
        if asked and place is None:
            raise ValidationError({"after": "This is no cursor of ours."})
        after = (int(place[1]), place[2]) if place is not None else None
        licensees = licensees_asked_for(request)
        rows = revocations(licensees, after=after, limit=_PAGE + 1)
        page, more = rows[:_PAGE], len(rows) > _PAGE
        # Rows are told once and never untold, so the place where a page begins and its last row name its content.
        told = f"{sorted(licensees)} {asked} {page[-1].cursor if page else ''} {len(page)} {more}"
        headers = {"ETag": f'"{hashlib.sha256(told.encode()).hexdigest()}"', "Cache-Control": "private, no-cache"}
        if headers["ETag"] in request.headers.get("If-None-Match", ""):
            return Response(status=_NOT_MODIFIED, headers=headers)
        following = page[-1].cursor if page else asked or None
        body = RevocationsSerializer({"rows": page, "next": following, "more": more}).data
        return Response(body, headers=headers)


class NoticeAnswerView(ForLicensees):
    """The confirmation that the rows of a notice are deleted."""

    @extend_schema(
        parameters=[_FOR_ONE],
        request=AnswerSerializer,
        responses=NoticeSerializer,
    )
    def post(self, request: Request, number: int) -> Response:
        """Confirm, by the name of a person."""
        answer = AnswerSerializer(data=request.data)
        answer.is_valid(raise_exception=True)
        found = [notice for notice in notices_of(licensees_asked_for(request)) if notice.number == number]
        if not found:
            raise NotFound("There is no such notice.")
        if len(found) > 1:
            raise ValidationError({"licensee": "You speak for several licensees with a notice of this number."})
        done = acknowledge_notice(
            actor=actor_asking(request),
            notice_id=found[0].pk,
            name=answer.validated_data["name"],
            now=timezone.now(),
        )
        return Response(NoticeSerializer(done).data)
