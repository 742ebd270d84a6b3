"""What officers and licensees fill in."""

from apps.licensing.forms.desk import DraftForm, LicenseeForm
from apps.licensing.forms.licensees import (
    AcceptForm,
    ContactForm,
    KeyForm,
    ReasonForm,
    RecipientForm,
    RefuseForm,
    RequestForm,
    SignedForm,
    SuspendForm,
    TermsForm,
    TextForm,
)

__all__ = [
    "AcceptForm",
    "ContactForm",
    "DraftForm",
    "KeyForm",
    "LicenseeForm",
    "ReasonForm",
    "RecipientForm",
    "RefuseForm",
    "RequestForm",
    "SignedForm",
    "SuspendForm",
    "TermsForm",
    "TextForm",
]
