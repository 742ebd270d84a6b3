"""Approving and opening against everything that may happen meanwhile, and what must never come of it."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.utils import timezone

from apps.licensing.models import Offer, OfferLicensee
from tests.licensing.offered import with_editions
from tests.licensing.races import seal, together
from tests.licensing.sieges import MEANWHILE, Stage
from tests.licensing.world import World

# The digest of a manifest that nobody has read.
OTHER: Final = hashlib.sha256(b"other").hexdigest()


def _approvers(world: World) -> list[int]:
    found = world.owner.execute("SELECT user_id FROM accounts_rolegrant WHERE role = 'approver' ORDER BY id").fetchall()
    return [row[0] for row in found]


def offer_of(at: Stage) -> Offer:
    """Seal the stage's draft and offer it, so far that it waits for its approvals."""
    at.world.retired(at.cluster)
    at.world.owner.execute(seal(at.release, at.old).encode())
    offer = Offer.objects.create(
        release_id=at.release,
        number=1,
        policy_version=1,
        requester_id=at.world.licensee.contact_id,
        builder_id=at.world.officer.pk,
        created_at=timezone.now(),
    )
    OfferLicensee.objects.create(offer=offer, licensee=at.world.licensee)
    return with_editions(offer)


def approvals(at: Stage, offer: Offer) -> list[str]:
    """Return both approvals of what the offer holds."""
    return [f"SELECT approve_offer({offer.pk}, {person}, '{offer.digest}')" for person in _approvers(at.world)]


def announced(at: Stage) -> Offer:
    """Bring an offer so far that its lock is over."""
    offer = offer_of(at)
    for approval in approvals(at, offer):
        at.world.owner.execute(approval.encode())
    at.world.owner.execute(
        "UPDATE licensing_offer SET announced_at = announced_at - interval '80 hours',"
        " opens_at = opens_at - interval '80 hours' WHERE id = %s",
        [offer.pk],
    )
    return offer


def approves(at: Stage) -> list[str]:
    """Two people approve, one after the other."""
    return approvals(at, offer_of(at))


def approves_and_opens_too_early(at: Stage) -> list[str]:
    """Two approve, and somebody tries to open at once."""
    offer = offer_of(at)
    return [*approvals(at, offer), f"SELECT open_offer({offer.pk})"]


def opens_an_offer(at: Stage) -> list[str]:
    """The lock is over, and the platform opens."""
    return [f"SELECT open_offer({announced(at).pk})"]


def opens_in_a_transaction(at: Stage) -> list[str]:
    """The same as the service does it."""
    return together(f"SELECT open_offer({announced(at).pk})")


STEPS: Final[tuple[Callable[[Stage], list[str]], ...]] = (
    approves,
    approves_and_opens_too_early,
    opens_an_offer,
    opens_in_a_transaction,
)


# --- What may happen to an offer meanwhile ---


def gives_the_release_up(at: Stage) -> list[str]:
    """Margaret cancels the release."""
    return together(f"SELECT cancel_release({at.release})")


def objects(at: Stage) -> list[str]:
    """Somebody objects."""
    return together(
        "INSERT INTO licensing_objection (offer_id, ground, words, contact, made_at, due_at, state, outcome,"
        " public_reason) SELECT id, 'live', 'It is live.', 'somebody', now(), now(), 'open', '', ''"
        f" FROM licensing_offer WHERE release_id = {at.release}"
    )


def suspends_the_licensee(at: Stage) -> list[str]:
    """The licensee gets nothing any more."""
    return [f"UPDATE licensing_licensee SET suspended_at = clock_timestamp() WHERE id = {at.world.licensee.pk}"]


def takes_rows_back(at: Stage) -> list[str]:
    """A row gets its tombstone."""
    return [
        "INSERT INTO licensing_tombstone (battle_id, reason, is_urgent, at)"
        f" VALUES ({at.old[0]}, 'consent', false, clock_timestamp())"
    ]


def exchanges_the_manifest(at: Stage) -> list[str]:
    """Another file is put in the place of what was approved."""
    return [f"UPDATE licensing_edition SET manifest_sha256 = '{OTHER}' WHERE release_id = {at.release}"]


TO_OFFERS: Final[tuple[Callable[[Stage], list[str]], ...]] = (
    *MEANWHILE,
    gives_the_release_up,
    objects,
    suspends_the_licensee,
    takes_rows_back,
    exchanges_the_manifest,
)

# Read from the tables; ``release`` is the stage's.
NEVER: Final = {
    "an open offer of a release that was given up": """
      SELECT o.id FROM licensing_offer o JOIN licensing_release r ON r.id = o.release_id
      WHERE o.release_id = %(release)s AND o.state = 'open' AND r.state <> 'sealed'
    """,
    "fewer than three days between notice and opening": """
      SELECT id FROM licensing_offer WHERE release_id = %(release)s AND opened_at < announced_at + interval '72 hours'
    """,
    "fewer than four people": """
      SELECT o.id FROM licensing_offer o WHERE o.release_id = %(release)s AND o.announced_at IS NOT NULL AND 4 <> (
        SELECT count(DISTINCT person) FROM unnest(
          ARRAY[o.requester_id, o.builder_id, o.first_approver_id, o.second_approver_id]) AS four (person))
    """,
    "opened over an objection": """
      SELECT o.id FROM licensing_offer o JOIN licensing_objection b ON b.offer_id = o.id
      WHERE o.release_id = %(release)s AND b.made_at < o.opened_at AND (
        b.decided_at IS NULL OR b.decided_at > o.opened_at) AND o.state = 'open'
    """,
    "opened with a row that was taken back before": """
      SELECT t.battle_id FROM licensing_offer o JOIN release_item i ON i.release_id = o.release_id
      JOIN licensing_tombstone t ON t.battle_id = i.battle_id JOIN licensing_edition e ON e.offer_id = o.id
      WHERE o.release_id = %(release)s AND t.at < o.opened_at AND e.built_at <= t.at
    """,
    "opened after a consent had gone": """
      SELECT i.battle_id FROM licensing_offer o JOIN release_item i ON i.release_id = o.release_id
      JOIN battles_battle b ON b.id = i.battle_id JOIN prompts_prompt p ON p.id = b.prompt_id
      WHERE o.release_id = %(release)s AND NOT EXISTS (SELECT 1 FROM contributors_consent k
        WHERE k.contributor_id = p.author_id AND k.kind = 'licensing'
          AND (k.withdrawn_at IS NULL OR k.withdrawn_at >= o.opened_at)) AND o.opened_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM licensing_tombstone t WHERE t.battle_id = i.battle_id)
    """,
    "opened after a vote had been excluded": """
      SELECT i.battle_id FROM licensing_offer o JOIN release_item i ON i.release_id = o.release_id
      JOIN battles_vote v ON v.battle_id = i.battle_id
      WHERE o.release_id = %(release)s AND v.excluded_at < o.opened_at
        AND NOT EXISTS (SELECT 1 FROM licensing_tombstone t WHERE t.battle_id = i.battle_id)
    """,
    "opened to somebody suspended": """
      SELECT o.id FROM licensing_offer o JOIN licensing_offerlicensee l ON l.offer_id = o.id
      JOIN licensing_licensee s ON s.id = l.licensee_id
      WHERE o.release_id = %(release)s AND s.suspended_at < o.opened_at
    """,
    "opened while younger than the policy in force": """
      SELECT i.battle_id FROM licensing_offer o JOIN release_item i ON i.release_id = o.release_id
      JOIN eligible_battle e ON e.battle_id = i.battle_id
      WHERE o.release_id = %(release)s AND e.last_event_at + (
        SELECT 24 * (w.parameters ->> 'min_age_days')::int * interval '1 hour' FROM policy_clause w
        JOIN policy_policyversion v ON v.id = w.version_id
        WHERE w.number = 'W1' AND v.effective_at < o.opened_at ORDER BY v.number DESC LIMIT 1) > o.opened_at
    """,
    # Steps are taken one at a time, so that the numbers of their transactions tell which came first.
    "approved or opened after a manifest had been exchanged": """
      SELECT o.id FROM licensing_offer o JOIN licensing_edition e ON e.offer_id = o.id
      WHERE o.release_id = %(release)s AND o.state IN ('announced', 'open') AND e.manifest_sha256 = %(other)s
        AND e.xmin::text::bigint < o.xmin::text::bigint
    """,
}


def breaches_of_offers(world: World, release: int) -> Sequence[Any]:
    """Return what does not hold of a release's offers."""
    found: list[Any] = []
    for name, query in NEVER.items():
        rows = world.owner.execute(query.encode(), {"release": release, "other": OTHER}).fetchall()
        found += [(name, row[0]) for row in rows]
    return found
