"""Submitting a prompt, and answering what screening noticed about it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import commit_to, record
from apps.contributors.domain.languages import CODES as LANGUAGES
from apps.contributors.queries import contributor_of
from apps.policy.queries import clause
from apps.prompts.domain.facts import facts_of_submission
from apps.prompts.domain.normalisation import canonical, canonical_hash, storable
from apps.prompts.events import PromptEvent
from apps.prompts.models import Category, Prompt, PromptState, ScreeningHint
from apps.prompts.permissions import is_author
from apps.prompts.queries import NoSuchPrompt

LONGEST_ANSWER: Final = 500
_LENGTH_CLAUSE: Final = "P6"


class NothingWritten(Refused):
    """There is nothing to read: no text, only spaces, or only characters that nobody sees."""


class TooShort(Refused):
    """Fewer characters than a question needs."""


class TooLong(Refused):
    """More characters than a model and a moderator can read."""


class UnknownChoice(Refused):
    """A language or category that is not on offer."""


class SubmissionKeyTaken(NotPermitted):
    """The form's key belongs to somebody else's prompt."""


class NotOpenForAnswers(Refused):
    """The prompt has been decided on, or not been read yet, so there is nothing to answer."""


@transaction.atomic
def submit_prompt(
    *, actor: Actor, text: str, language: str, category: str, submission_key: UUID, now: datetime
) -> Prompt:
    """Submit a prompt; screening finds it by its state. The same key finds the same prompt again.

    ``language`` is one of the BCP 47 codes on offer, ``category`` a value of ``Category``.

    Raises:
        NotAContributor: when the actor may not take part.
        NothingWritten, TooShort, TooLong: with the number of characters that clause P6 wants.
        UnknownChoice: for a language or category that is not on offer.
        SubmissionKeyTaken: for a key of somebody else's prompt.
    """
    author = contributor_of(actor)
    if language not in LANGUAGES or category not in Category.values:
        raise UnknownChoice(_("Choose the language and the kind of question from the lists."))
    text = fit_text(text)
    prompt = Prompt(
        author=author,
        text=text,
        text_sha256=canonical_hash(text),
        language=language,
        category=category,
        submission_key=submission_key,
        submitted_at=now,
    )
    try:
        with transaction.atomic():
            prompt.save(force_insert=True)
    except IntegrityError as taken:
        # Two clicks at once meet at the key's unique constraint; the second finds what the first has written.
        first = Prompt.objects.filter(submission_key=submission_key).first()
        if first is None:
            raise
        if first.author_id != author.pk:
            raise SubmissionKeyTaken(_("This form was already used. Reload the page to get a new one.")) from taken
        return first
    record(
        PromptEvent.SUBMITTED,
        actor=actor,
        subject=prompt.ref,
        at=now,
        facts=facts_of_submission(
            language=language,
            category=category,
            characters=len(text),
            commitment=commit_to(text, subject=prompt.ref),
        ),
    )
    return prompt


def fit_text(text: str, *, is_turn: bool = False) -> str:
    """Return the text as it is stored, when clause P6 lets it in; a further turn may be as short as it likes."""
    lengths = clause(_LENGTH_CLAUSE).parameters
    least, most = int(lengths["min_characters"]), int(lengths["max_characters"])
    stored = storable(text)
    if len(stored) > most:
        raise TooLong(
            _("Your prompt has %(count)s characters, and at most %(most)s fit. It is still in the form: shorten it.")
            % {"count": f"{len(stored):,}", "most": f"{most:,}"},
            clause=_LENGTH_CLAUSE,
        )
    seen = len(canonical(stored))
    if not seen:
        raise NothingWritten(_("Write a question first: there is nothing to read yet."), clause=_LENGTH_CLAUSE)
    if seen < least and not is_turn:
        raise TooShort(_("A prompt needs at least %(least)d characters.") % {"least": least}, clause=_LENGTH_CLAUSE)
    return stored


@transaction.atomic
def answer_hint(*, actor: Actor, hint_id: int, answer: str, now: datetime) -> ScreeningHint:
    """Keep what an author says about a hint, at most 500 characters, for the person who will read the prompt.

    The same answer twice changes nothing; another one replaces it until the prompt is decided on.

    Raises:
        NoSuchPrompt: for a hint on somebody else's prompt, or none.
        NotOpenForAnswers: when nobody will read the answer.
    """
    hint = ScreeningHint.objects.filter(pk=hint_id).only("prompt_id").first()
    prompt = (
        Prompt.objects.select_for_update(of=("self",)).select_related("author").get(pk=hint.prompt_id) if hint else None
    )
    if prompt is None or not is_author(actor, prompt):
        raise NoSuchPrompt(_("There is no such prompt of yours."))
    if prompt.state != PromptState.AWAITING_REVIEW:
        raise NotOpenForAnswers(_("Nobody is going to read an answer on this prompt any more."), subject=prompt.ref)
    # The hint is read again under its prompt's lock.
    hint = prompt.hints.get(pk=hint_id)
    said = storable(answer)[:LONGEST_ANSWER]
    if said == hint.answer:
        return hint
    hint.answer = said
    hint.save(update_fields=["answer"])
    record(
        PromptEvent.HINT_ANSWERED,
        actor=actor,
        subject=prompt.ref,
        at=now,
        clause=hint.clause,
        facts={"kind": hint.kind, "answer": commit_to(said, subject=prompt.ref)},
    )
    return hint
