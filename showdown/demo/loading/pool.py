"""The prompts as rows: screened by the rules that screen everybody's, each placed in a cluster, with their entries."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from psycopg.types.json import Jsonb

from apps.audit.domain.actor import Actor
from apps.policy.queries import current_version
from apps.prompts.domain.facts import facts_of_screening, facts_of_submission
from apps.prompts.domain.findings import Finding, FindingKind, Rules
from apps.prompts.domain.normalisation import canonical_hash, storable
from apps.prompts.domain.screening import findings_in, is_below_cluster_length
from apps.prompts.domain.similarity import Founder, Signing, Values, nearest, packed
from apps.prompts.events import PromptEvent
from apps.prompts.models import (
    Category,
    Cluster,
    Prompt,
    PromptBand,
    PromptSignature,
    PromptState,
    ScreeningHint,
)
from apps.prompts.queries import screening_rules
from showdown.demo.loading.crowd import Member
from showdown.demo.loading.tables import Row, copy_rows, next_id
from showdown.demo.loading.trail import Trail
from showdown.demo.prompts import DemoPrompt

_SCREENING = Actor.system("prompts.screen_due")
_APPROVED_UNDER = "P1"
_REPEATED_UNDER = "P3"


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledPrompt:
    """A prompt as the database knows it."""

    prompt: DemoPrompt
    id: int
    cluster_id: int | None
    state: PromptState

    @property
    def ref(self) -> str:
        """The reference under which the log names it."""
        return f"prompts.prompt:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Twin:
    prompt_id: int
    author: int
    cluster_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    cluster_id: int
    is_founder: bool
    values: Values
    finding: Finding | None


class _Clusters:
    """The clusters as they grow, with what ``apps.prompts.services.screening`` looks up in the database."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.signing = Signing(permutations=rules.permutations, bands=rules.bands, shingle=rules.shingle)
        self.first_id = self._next = next_id(Cluster)
        self.founded: list[Row] = []
        self._founders: dict[int, Founder] = {}
        self._banded: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._twins: dict[str, list[_Twin]] = defaultdict(list)

    def place(self, prompt_id: int, author: int, text: str, sha256: str, at: datetime) -> _Place:
        """Find the cluster of a text: that of its twins, that of the nearest founder, or a new one."""
        values = self.signing.sign(text)
        place = self._among_twins(sha256, author, values) or self._among_neighbours(values)
        if place is None:
            cluster_id, self._next = self._next, self._next + 1
            self.founded.append((cluster_id, at, None))
            self._founders[prompt_id] = Founder(prompt_id=prompt_id, cluster_id=cluster_id, values=values)
            for band in enumerate(self.signing.band_keys(values)):
                self._banded[band].append(prompt_id)
            place = _Place(cluster_id=cluster_id, is_founder=True, values=values, finding=None)
        self._twins[sha256].append(_Twin(prompt_id=prompt_id, author=author, cluster_id=place.cluster_id))
        return place

    def _among_twins(self, sha256: str, author: int, values: Values) -> _Place | None:
        twins = self._twins.get(sha256)
        if not twins:
            return None
        is_another_s = any(twin.author != author for twin in twins)
        finding = Finding(
            kind=FindingKind.DUPLICATE,
            clause=_REPEATED_UNDER,
            needs_review=is_another_s,
            evidence={"exact": True, "resemblance": 1.0, "of_another": is_another_s},
        )
        return _Place(cluster_id=twins[0].cluster_id, is_founder=False, values=values, finding=finding)

    def _among_neighbours(self, values: Values) -> _Place | None:
        shared: dict[int, int] = defaultdict(int)
        for band in enumerate(self.signing.band_keys(values)):
            for prompt_id in self._banded.get(band, ()):
                shared[prompt_id] += 1
        nearby = sorted(shared, key=lambda prompt_id: (-shared[prompt_id], prompt_id))[: self.rules.max_candidates]
        founders = [self._founders[prompt_id] for prompt_id in nearby]
        match = nearest(values, founders, at_least=self.rules.near_jaccard)
        if match is None:
            return None
        finding = Finding(
            kind=FindingKind.DUPLICATE,
            clause=_REPEATED_UNDER,
            needs_review=False,
            evidence={"exact": False, "resemblance": round(match.resemblance, 3)},
        )
        return _Place(cluster_id=match.founder.cluster_id, is_founder=False, values=values, finding=finding)


def load_pool(
    prompts: Sequence[DemoPrompt],
    members: Sequence[Member],
    *,
    trail: Trail,
    chance: Random,
    tick: Callable[[int], None],
) -> list[PooledPrompt]:
    """Write every prompt as screening left it, and return them in their order."""
    rules = screening_rules()
    policy_version = current_version()
    clusters = _Clusters(rules)
    rows: dict[type, list[Row]] = {table: [] for table in (Prompt, ScreeningHint, PromptSignature, PromptBand)}
    first = {table: next_id(table) for table in rows}
    pooled = []

    def add(table: type, *values: object) -> None:
        rows[table].append((first[table] + len(rows[table]), *values))

    for done, prompt in enumerate(prompts):
        tick(done)
        member = members[prompt.author]
        prompt_id = first[Prompt] + len(rows[Prompt])
        subject = f"prompts.prompt:{prompt_id}"
        text = storable(prompt.text)
        sha256 = canonical_hash(text)
        trail.record(
            PromptEvent.SUBMITTED,
            actor=member.actor,
            subject=subject,
            at=prompt.submitted_at,
            facts=facts_of_submission(
                language=prompt.language,
                category=prompt.category,
                characters=len(text),
                commitment=trail.commit_to(text, subject=subject),
            ),
        )
        findings = findings_in(
            text,
            declared=prompt.language,
            detection=prompt.detection,
            is_translation=prompt.category == Category.TRANSLATION,
            country=member.person.country,
            rules=rules,
        )
        is_short = is_below_cluster_length(text, rules)
        place = None if is_short else clusters.place(prompt_id, prompt.author, text, sha256, prompt.screened_at)
        if place is not None and place.finding is not None:
            findings.append(place.finding)
        is_clean = not any(finding.needs_review for finding in findings)
        state = PromptState.APPROVED if is_clean else PromptState.AWAITING_REVIEW
        cluster_id = place.cluster_id if place else None
        add(
            Prompt, member.contributor_id, text, sha256, prompt.language, prompt.detection.language, prompt.category,
            state.value, cluster_id, is_short, uuid.UUID(int=chance.getrandbits(128), version=4), prompt.submitted_at,
            prompt.screened_at, prompt.screened_at if is_clean else None, _APPROVED_UNDER if is_clean else "",
        )  # fmt: skip
        for finding in findings:
            evidence = Jsonb(dict(finding.evidence))
            add(ScreeningHint, prompt_id, finding.kind.value, finding.clause, evidence, finding.needs_review, "")
        if place is not None:
            algorithm = clusters.signing.algorithm
            add(PromptSignature, prompt_id, cluster_id, place.is_founder, algorithm, packed(place.values))
            if place.is_founder:
                for band, key in enumerate(clusters.signing.band_keys(place.values)):
                    add(PromptBand, prompt_id, band, key)
        trail.record(
            PromptEvent.SCREENED,
            actor=_SCREENING,
            subject=subject,
            at=prompt.screened_at,
            facts=facts_of_screening(
                findings,
                detected_language=prompt.detection.language,
                cluster=f"prompts.cluster:{cluster_id}" if place else None,
                founds_cluster=bool(place and place.is_founder),
                also_near=[],
                policy_version=policy_version,
            ),
        )
        if is_clean:
            trail.record(
                PromptEvent.APPROVED,
                actor=_SCREENING,
                subject=subject,
                at=prompt.screened_at,
                clause=_APPROVED_UNDER,
                facts={"by": "rule"},
            )
        pooled.append(PooledPrompt(prompt=prompt, id=prompt_id, cluster_id=cluster_id, state=state))
    copy_rows(Cluster, clusters.founded)
    for table, waiting in rows.items():
        copy_rows(table, waiting)
    trail.write()
    return pooled
