"""The licensees of the demo: what they agreed to, by whom, for whom, and what they asked for."""

from datetime import datetime, timedelta
from typing import Final

from apps.licensing.models import AgreementText, Licensee
from apps.licensing.services import (
    Signatory,
    accept_agreement,
    add_licensee,
    declare_recipient,
    publish_agreement_text,
    refuse_request,
    request_access,
)
from showdown.demo.loading.stage import Stage

_FIRST: Final = """\
1. What is licensed. Copies of retired battles, as files with a manifest. Nothing of a live battle is licensed.
2. What it may be used for. The purposes that this agreement names by code, and no other.
3. Who may have it. The final recipients that the licensee has named. Passing a copy on to anybody is forbidden.
4. People. Nobody tries to find out who wrote or voted, and nobody joins rows with other data in order to.
5. Withdrawal. When a notice names a row, every copy of it is deleted by the day that the notice gives.
6. Owners. When the licensee's owners change, at any distance, nothing is received until we have looked at them.
7. End. This agreement holds for a year from the day on which a named person accepts it."""
_SECOND: Final = (
    _FIRST.replace("by the day that the notice gives.", "by the day that the notice gives, and the licensee says so.")
    + " Then every copy is deleted, and the licensee says so in writing."
)


class Partners:
    """Everybody who may receive releases, with a history of a few months."""

    def __init__(self, stage: Stage, *, start: datetime, now: datetime) -> None:
        self.stage, self.start, self.now = stage, start, now
        self.margaret, self.ingrid = stage.actor("margaret"), stage.actor("ingrid")
        first = self._publish(_FIRST, start + timedelta(days=18))
        self.university = self._add(
            "meridian-university",
            first,
            contact="ingrid",
            purpose="Research on how people judge explanations in their own language",
            purposes=("DUO:0000042", "DUO:0000046", "DUO:0000025"),
            at=start + timedelta(days=20),
        )
        accept_agreement(
            actor=stage.actor("ingrid", reauthenticated_at=start + timedelta(days=20, hours=5)),
            licensee_id=self.university.pk,
            text_sha256=first.sha256,
            signatory=Signatory("Ingrid Solheim", "Head of the language laboratory"),
            now=start + timedelta(days=20, hours=5),
        )
        self._name_itself(self.university, start + timedelta(days=20, hours=6))
        second = self._publish(_SECOND, start + timedelta(days=60))
        self.analytics = self._add(
            "corvid-analytics",
            second,
            contact=None,
            purpose="Reports on language models for publishers",
            purposes=("showdown:statistics", "showdown:no-resale", "DUO:0000025"),
            signatory=Signatory("Fionn Daly", "Managing director"),
            at=start + timedelta(days=64),
        )
        self._name_itself(self.analytics, start + timedelta(days=64, hours=1))
        for licensee in (self.university, self.analytics):
            licensee.refresh_from_db()

    def ask(self) -> None:
        """Ask for something live, which is refused, and for something that waits for an officer."""
        asked_at = self.now - timedelta(days=12, hours=4)
        live = self._request(
            "Health questions of this month",
            "Battles of the last four weeks in which somebody asks about their health.",
            {"since": (self.now - timedelta(days=40)).date().isoformat()},
            asked_at,
        )
        refuse_request(
            actor=self.margaret,
            request_id=live,
            clause_number="W1",
            reason="All of it was fought within the last sixty days. Ask again when it is retired.",
            now=asked_at + timedelta(hours=21),
        )
        self._request(
            "Explanations in two languages",
            "Battles in English and Portuguese in which something is explained to somebody who is new to it.",
            {"languages": ["en", "pt"], "until": (self.now - timedelta(days=75)).date().isoformat()},
            self.now - timedelta(hours=2),
        )

    def _publish(self, text: str, at: datetime) -> AgreementText:
        return publish_agreement_text(actor=self.margaret, title="Licence agreement", text=text, now=at)

    def _add(
        self,
        slug: str,
        text: AgreementText,
        *,
        contact: str | None,
        purpose: str,
        purposes: tuple[str, ...],
        signatory: Signatory | None = None,
        at: datetime,
    ) -> Licensee:
        return add_licensee(
            actor=self.margaret,
            organization=self.stage.organizations[slug],
            contact=self.stage.staff[contact] if contact else None,
            purpose=purpose,
            purposes=purposes,
            agreement=text.text,
            signatory=signatory,
            now=at,
        )

    def _name_itself(self, licensee: Licensee, at: datetime) -> None:
        declare_recipient(actor=self.margaret, licensee_id=licensee.pk, organization=licensee.organization, now=at)

    def _request(self, title: str, wanted: str, filters: dict[str, object], at: datetime) -> int:
        return request_access(
            actor=self.ingrid,
            licensee_id=self.university.pk,
            title=title,
            purpose="DUO:0000042",
            use="A study of what makes an explanation good in the eyes of those who asked for it.",
            wanted=wanted,
            filters=filters,
            recipients=[self.university.organization_id],
            now=at,
        ).pk
