"""What is filled in when rows are taken back: by licensees who answer, and officers who withdraw."""

from django import forms
from django.utils.translation import gettext_lazy as _


class AcknowledgeForm(forms.Form):
    """Who confirms that the rows of a notice are gone."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        help_text=_("Whoever answers for the deletion. The log commits to it without showing it."),
    )


class WithdrawForm(forms.Form):
    """Whether licensees hear of a withdrawal at once or with the month's notice."""

    is_urgent = forms.BooleanField(
        label=_("Tell licensees at once"),
        required=False,
        help_text=_("Otherwise they are told with the next month's notice. Downloads end now in either case."),
    )
