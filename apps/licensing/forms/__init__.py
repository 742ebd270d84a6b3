"""What officers and licensees fill in."""

from apps.licensing.forms.desk import CompareForm, DraftForm, LicenseeForm, ReasonsForm, side_by_side
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
from apps.licensing.forms.offers import ApprovalForm, DecisionForm, ObjectionForm, OfferForm, RefusalForm
from apps.licensing.forms.withdrawals import AcknowledgeForm, WithdrawForm

__all__ = [
    "AcceptForm",
    "AcknowledgeForm",
    "ApprovalForm",
    "CompareForm",
    "ContactForm",
    "DecisionForm",
    "DraftForm",
    "KeyForm",
    "LicenseeForm",
    "ObjectionForm",
    "OfferForm",
    "ReasonForm",
    "ReasonsForm",
    "RecipientForm",
    "RefusalForm",
    "RefuseForm",
    "RequestForm",
    "SignedForm",
    "SuspendForm",
    "TermsForm",
    "TextForm",
    "WithdrawForm",
    "side_by_side",
]
