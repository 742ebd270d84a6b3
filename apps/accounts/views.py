"""The inbox, and in the demo the mails that would have been sent."""

from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.middleware import acting
from apps.accounts.models import User
from apps.accounts.queries import demo_mails, inbox_of
from apps.accounts.services import mark_read


@require_safe
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    """List one's own notices."""
    notices = inbox_of(cast(User, request.user).pk)
    unread = sum(1 for notice in notices if notice.read_at is None)
    return render(request, "accounts/inbox.html", {"notices": notices, "unread": unread})


@require_POST
@login_required
def read(request: HttpRequest, message_id: int) -> HttpResponse:
    """Mark a notice as read and go to the page that it is about."""
    message = mark_read(actor=acting(request), message_id=message_id, now=timezone.now())
    if message.address and url_has_allowed_host_and_scheme(message.address, allowed_hosts=None):
        return redirect(message.address)
    return redirect("accounts:inbox")


@require_safe
def demo_mail(request: HttpRequest) -> HttpResponse:
    """Show the mails that the demo wrote to files, newest first."""
    return render(request, "accounts/demo_mail.html", {"mails": demo_mails(settings.MAIL_DIR)})
