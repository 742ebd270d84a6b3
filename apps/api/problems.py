"""Turns every expected no of the platform into one problem+json answer, recorded in the log first."""

from typing import Any

from django.utils import timezone
from drf_standardized_errors.handler import exception_handler
from rest_framework import status
from rest_framework.response import Response

from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.middleware import actor_of, attempted_by
from apps.audit.services import record_refusal


def problem_response(exception: Exception, context: Any) -> Response | None:
    """Answer an exception: a refusal as RFC 9457 problem+json, everything else in the standard shape of errors.

    When the refusal cannot be recorded, that error is raised instead (500): nobody is refused unrecorded.
    """
    if not isinstance(exception, Refused):
        answer: Response | None = exception_handler(exception, context)
        return answer
    request = context["request"]._request
    record_refusal(exception, actor=actor_of(request), attempted=attempted_by(request), at=timezone.now())
    is_forbidden = isinstance(exception, NotPermitted)
    code = status.HTTP_403_FORBIDDEN if is_forbidden else status.HTTP_409_CONFLICT
    return Response(
        {
            "type": f"/api/problems/{exception.code}",
            "title": exception.message,
            "status": code,
            "clause": exception.clause,
        },
        status=code,
        content_type="application/problem+json",
    )
