"""What officers and licensees fill in."""

from apps.licensing.forms.desk import CompareForm, DraftForm, LicenseeForm, side_by_side
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
    "CompareForm",
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
    "side_by_side",
]
