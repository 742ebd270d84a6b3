"""Invented rows for the living style page: nothing here is a model, a person or a vote."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

PROVISIONAL_BELOW = 400  # contributors

OLD_CLAUSE = """A prompt is withdrawn when it names a private person.
The author is told within seven days.
An appeal is decided by another moderator."""
NEW_CLAUSE = """A prompt is withdrawn when it names a private person
or shows where one lives.
The author is told within three days.
An appeal is decided by another moderator."""


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One row of the sample board; scores in rating points."""

    rank: int
    name: str
    lab: str
    spread: str
    score: float
    lower: float
    upper: float
    votes: int
    contributors: int

    @property
    def half(self) -> float:
        """Half the width of the interval."""
        return (self.upper - self.lower) / 2

    @property
    def provisional(self) -> bool:
        """Too few people voted on it for a place that lasts."""
        return self.contributors < PROVISIONAL_BELOW


def _row(rank: int, name: str, lab: str, spread: str, score: float, half: float, votes: int, people: int) -> BoardRow:
    return BoardRow(rank, name, lab, spread, score, score - half, score + half, votes, people)


BOARD = (
    _row(1, "Aurora 4", "Northlight", "1–3", 1187, 14, 3204, 911),
    _row(1, "Tamarind Large", "Banyan Labs", "1–3", 1181, 12, 3550, 1020),
    _row(1, "Cobalt-2", "Fjord AI", "1–4", 1174, 19, 1480, 540),
    _row(4, "Aurora 4 mini", "Northlight", "3–5", 1142, 15, 2811, 870),
    _row(5, "Saffron", "Meridian", "4–7", 1118, 24, 902, 377),
    _row(5, "Quill 70B", "Open Quill", "5–7", 1109, 13, 2960, 905),
    _row(7, "Juniper", "Banyan Labs", "5–8", 1090, 17, 1722, 633),
    _row(8, "Cobalt-1", "Fjord AI", "7–9", 1061, 16, 1990, 701),
    _row(9, "Basalt", "Kiln Research", "8–10", 1034, 22, 783, 340),
    _row(10, "Quill 8B", "Open Quill", "9–10", 1012, 14, 2204, 790),
)


class SampleForm(forms.Form):
    """One field of each kind."""

    email = forms.EmailField(label=_("E-mail"), help_text=_("A code is sent to it."))
    country = forms.ChoiceField(label=_("Country"), choices=[("BR", "Brazil"), ("KE", "Kenya"), ("JP", "Japan")])
    text = forms.CharField(label=_("Prompt"), widget=forms.Textarea, max_length=20_000)
    age = forms.ChoiceField(
        label=_("Age"),
        choices=[("18-29", "18–29"), ("30-49", "30–49"), ("50+", _("50 or older"))],
        widget=forms.RadioSelect,
    )
    licensing = forms.BooleanField(
        label=_("My retired battles may be licensed"),
        help_text=_("Never while they are live. You can take this back at any time."),
        required=False,
    )


def kit_context() -> dict[str, Any]:
    """Return what the style page shows."""
    now = datetime(2026, 11, 23, 8, 3, tzinfo=UTC)
    return {
        "rows": BOARD,
        "now": now,
        "left": timedelta(hours=41, minutes=12),
        "form": SampleForm(initial={"country": "BR", "age": "30-49"}),
        "wrong": SampleForm({"email": "ada@", "country": "BR", "text": ""}, prefix="wrong"),
        "hints": {"18-29": _("The smallest group of this network.")},
        "hash": "7f3a90c2d1be44a8b1f05e6c7d8893fa02ce51b7d4d98e0a6617f2b3c4d5c19e",
        "languages": [("pt", _("Portuguese")), ("sw", _("Swahili")), ("ar", _("Arabic"))],
        "old": OLD_CLAUSE,
        "new": NEW_CLAUSE,
        "removals": [
            (1, _("Live, or a near-duplicate of something live"), 71_902),
            (2, _("No licensing consent by author or voter, or unclear output terms"), 7_655),
            (3, _("Excluded vote, withdrawn prompt, unscreened text"), 1_940),
            (5, _("Hold-back: no licensee has a model on the board"), 0),
            (7, _("Fewer than ten contributors in the cell, after generalising"), 1_769),
        ],
    }
