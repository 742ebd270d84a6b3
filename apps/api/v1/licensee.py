"""``/api/v1/licensee/``: terms and requests of the licensee whose key is sent; ``/api/v1/schema-preview/`` for all."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.api.speaking import WithKey
from apps.audit.middleware import actor_of
from apps.licensing import queries, services
from apps.licensing.domain import preview
from apps.licensing.domain.purposes import Purpose
from apps.licensing.models import AccessRequest, Licensee

LONGEST_WORDS = 1000


class PurposeSerializer(serializers.Serializer[Any]):
    """A code that an agreement is for."""

    code = serializers.CharField()
    name = serializers.CharField()
    meaning = serializers.CharField()
    bearing = serializers.CharField()


class RecipientSerializer(serializers.Serializer[Any]):
    """An organization of the register, by the short form of its name."""

    slug = serializers.CharField()
    name = serializers.CharField()


class AgreementSerializer(serializers.Serializer[Any]):
    """What was agreed to, and until when."""

    text_version = serializers.IntegerField(source="text.version")
    text_sha256 = serializers.CharField(source="text.sha256")
    accepted_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class TermsSerializer(serializers.Serializer[Any]):
    """A licensee's standing: ``refused_because`` names the refusal that it would meet now, or is empty."""

    licensee = serializers.CharField()
    may_receive = serializers.BooleanField()
    refused_because = serializers.CharField(allow_blank=True)
    agreement = AgreementSerializer(allow_null=True)
    purposes = PurposeSerializer(many=True)
    recipients = RecipientSerializer(many=True)
    current_text_version = serializers.IntegerField(allow_null=True)
    current_text_sha256 = serializers.CharField(allow_blank=True)


class FiltersSerializer(serializers.Serializer[Any]):
    """Which battles are wished for; a part that is left out means all."""

    languages = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=200)
    countries = serializers.ListField(child=serializers.CharField(max_length=2), required=False, max_length=200)
    categories = serializers.ListField(child=serializers.CharField(max_length=16), required=False, max_length=200)
    models = serializers.ListField(child=serializers.CharField(max_length=120), required=False, max_length=200)
    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)


class NewRequestSerializer(serializers.Serializer[Any]):
    """A wish: what for, which battles, who will have the copies (short forms of their names), and by when."""

    title = serializers.CharField(max_length=120)
    purpose = serializers.CharField(max_length=40)
    use = serializers.CharField(max_length=LONGEST_WORDS)
    wanted = serializers.CharField(max_length=LONGEST_WORDS)
    filters = FiltersSerializer(required=False)
    recipients = serializers.ListField(child=serializers.SlugField(max_length=50), min_length=1, max_length=50)
    needed_by = serializers.DateField(required=False, allow_null=True)


class RequestSerializer(serializers.Serializer[Any]):
    """A request and what became of it."""

    number = serializers.IntegerField(source="pk")
    title = serializers.CharField()
    purpose = serializers.CharField()
    use = serializers.CharField()
    wanted = serializers.CharField()
    filters = serializers.DictField()
    recipients = RecipientSerializer(many=True, source="recipients.all")
    needed_by = serializers.DateField(allow_null=True)
    state = serializers.CharField()
    asked_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    refused_clause = serializers.CharField(allow_blank=True)
    refused_because = serializers.CharField(allow_blank=True)
    releases = serializers.SerializerMethodField()

    def get_releases(self, asked: AccessRequest) -> list[int]:
        """Return the numbers of the releases that were drafted from it."""
        return [release.pk for release in asked.releases.all()]


class ProblemSerializer(serializers.Serializer[Any]):
    """A refusal (RFC 9457): its kind, its words, and the clause that says no."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    clause = serializers.CharField(allow_null=True)


_REFUSED = OpenApiResponse(ProblemSerializer, description="A refusal by name, as application/problem+json.")


class TermsView(WithKey):
    """What the licensee agreed to, and whether it may receive anything now."""

    @extend_schema(operation_id="licensee_terms", responses=TermsSerializer)
    def get(self, request: Request) -> Response:
        """Answer the licensee's standing."""
        licensee, now = self.licensee(request), timezone.now()
        page = queries.licensee_page(licensee.pk, at=now)
        standing, current = services.standing_of(licensee, at=now), queries.current_text()
        purposes: tuple[Purpose, ...] = page.purposes if page is not None else ()
        told = {
            "licensee": licensee.organization.name,
            "may_receive": standing is None,
            "refused_because": standing.code if standing is not None else "",
            "agreement": page.agreement if page is not None else None,
            "purposes": purposes,
            "recipients": [one.organization for one in page.recipients] if page is not None else [],
            "current_text_version": current.version if current is not None else None,
            "current_text_sha256": current.sha256 if current is not None else "",
        }
        return Response(TermsSerializer(told).data)


class RequestsView(WithKey):
    """What the licensee asked for."""

    @extend_schema(operation_id="licensee_requests", responses=RequestSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Answer the licensee's requests, newest first."""
        return Response(RequestSerializer(queries.requests_of(self.licensee(request)), many=True).data)

    @extend_schema(
        operation_id="licensee_request_create",
        request=NewRequestSerializer,
        responses={201: RequestSerializer, 403: _REFUSED, 409: _REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Ask for a release."""
        read = NewRequestSerializer(data=request.data)
        read.is_valid(raise_exception=True)
        told, licensee = read.validated_data, self.licensee(request)
        asked = services.request_access(
            actor=actor_of(request._request),
            licensee_id=licensee.pk,
            title=told["title"],
            purpose=told["purpose"],
            use=told["use"],
            wanted=told["wanted"],
            filters={
                name: value.isoformat() if name in {"since", "until"} else value
                for name, value in told.get("filters", {}).items()
            },
            recipients=_ids(licensee, told["recipients"]),
            needed_by=told.get("needed_by"),
            key=self.key(request),
            now=timezone.now(),
        )
        return Response(RequestSerializer(asked).data, status=status.HTTP_201_CREATED)


class RequestView(WithKey):
    """One request of the licensee's."""

    @extend_schema(operation_id="licensee_request", responses=RequestSerializer)
    def get(self, request: Request, number: int) -> Response:
        """Answer a request; another licensee's is as if it were not there."""
        asked = queries.request_of(self.licensee(request), number)
        if asked is None:
            raise NotFound("There is no such request of yours.")
        return Response(RequestSerializer(asked).data)


class ColumnSerializer(serializers.Serializer[Any]):
    """A column of an edition."""

    name = serializers.CharField()
    type = serializers.CharField()
    holds = serializers.CharField()


class ChangeSerializer(serializers.Serializer[Any]):
    """A version of the columns, with what came and went since the one before."""

    version = serializers.IntegerField(source="version.number")
    since = serializers.DateField(source="version.since")
    note = serializers.CharField(source="version.note")
    added = serializers.ListField(child=serializers.CharField())
    removed = serializers.ListField(child=serializers.CharField())


class PreviewSerializer(serializers.Serializer[Any]):
    """The columns of an edition built today, on invented rows."""

    columns = ColumnSerializer(many=True)
    changes = ChangeSerializer(many=True)
    invented_rows = serializers.ListField(child=serializers.DictField())


class PreviewView(APIView):
    """What an edition looks like, on rows that nobody wrote."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="schema_preview", responses=PreviewSerializer)
    def get(self, request: Request) -> Response:
        """Answer the columns, their changelog, and the invented rows."""
        told = {
            "columns": preview.columns(),
            "changes": preview.schema_changes(),
            "invented_rows": preview.invented_rows(),
        }
        return Response(PreviewSerializer(told).data)


def _ids(licensee: Licensee, slugs: list[str]) -> list[int]:
    """Return the ids of the named recipients; one that is not named stays as 0, which the service refuses."""
    named = {one.organization.slug: one.organization_id for one in queries.recipients_of(licensee)}
    return [named.get(slug, 0) for slug in slugs]
