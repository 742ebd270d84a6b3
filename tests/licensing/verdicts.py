"""What must never be, beside the wall's oldest promises: likeness, consent, exclusion, policy. No function is asked."""

from collections.abc import Sequence
from typing import Any, Final

from tests.licensing.races import broken
from tests.licensing.world import World

# A chain of merges, walked in SQL; and what was sold, by the items alone.
_WALKED: Final = """
  WITH RECURSIVE walked(id, at_last) AS (
    SELECT id, id FROM prompts_cluster UNION ALL
    SELECT w.id, m.merged_into_id FROM walked w JOIN prompts_cluster m ON m.id = w.at_last
    WHERE m.merged_into_id IS NOT NULL),
  ends AS (
    SELECT w.id, w.at_last FROM walked w JOIN prompts_cluster m ON m.id = w.at_last WHERE m.merged_into_id IS NULL),
  sold AS (
    SELECT DISTINCT c.cluster_id FROM release_item i JOIN battle_cluster c ON c.battle_id = i.battle_id)
"""
NEVER: Final = {
    "a certificate beside an edge": """
      SELECT n.cluster_id FROM near_released n JOIN retired_cluster r ON r.cluster_id = n.cluster_id
      WHERE n.cluster_id = ANY(%(clusters)s)
    """,
    "an item on a cluster that resembles something sold": """
      SELECT i.battle_id FROM release_item i JOIN battle_cluster c ON c.battle_id = i.battle_id
      JOIN near_released n ON n.cluster_id = c.cluster_id WHERE c.cluster_id = ANY(%(clusters)s)
    """,
    "an edge to something that is not sold": f"""
      {_WALKED} SELECT n.cluster_id FROM near_released n
      WHERE n.cluster_id = ANY(%(clusters)s) AND n.released_cluster_id NOT IN (SELECT cluster_id FROM sold)
    """,
    "an event behind an edge that would be scored": """
      SELECT b.id FROM near_released n JOIN battle_cluster c ON c.cluster_id = n.cluster_id
      JOIN battles_battle b ON b.id = c.battle_id
      WHERE n.cluster_id = ANY(%(clusters)s) AND b.last_event_at > n.at AND b.tag IS NULL
    """,
    "two that are alike, apart, and not both sold or tied": f"""
      {_WALKED} SELECT p.id FROM prompts_resemblance p
      JOIN ends f ON f.id = p.first_id JOIN ends s ON s.id = p.second_id
      WHERE (p.first_id = ANY(%(clusters)s) OR p.second_id = ANY(%(clusters)s)) AND f.at_last <> s.at_last
        AND NOT (f.at_last IN (SELECT cluster_id FROM sold) AND s.at_last IN (SELECT cluster_id FROM sold))
        AND NOT EXISTS (
          SELECT 1 FROM near_released n WHERE (n.cluster_id, n.released_cluster_id)
            IN ((f.at_last, s.at_last), (s.at_last, f.at_last)))
    """,
    "an item whose consent was gone before the sale": """
      SELECT i.battle_id FROM release_item i JOIN licensing_release l ON l.id = i.release_id
      JOIN battle_cluster c ON c.battle_id = i.battle_id JOIN battles_battle b ON b.id = i.battle_id
      JOIN prompts_prompt p ON p.id = b.prompt_id JOIN battles_vote v ON v.battle_id = b.id
      WHERE c.cluster_id = ANY(%(clusters)s) AND (
        NOT EXISTS (SELECT 1 FROM contributors_consent k WHERE k.contributor_id = p.author_id
          AND k.kind = 'licensing' AND (k.withdrawn_at IS NULL OR k.withdrawn_at >= l.sealed_at))
        OR NOT EXISTS (SELECT 1 FROM contributors_consent k WHERE k.contributor_id = v.contributor_id
          AND k.kind = 'licensing' AND (k.withdrawn_at IS NULL OR k.withdrawn_at >= l.sealed_at)))
    """,
    "an item whose vote was excluded before the sale": """
      SELECT i.battle_id FROM release_item i JOIN licensing_release l ON l.id = i.release_id
      JOIN battle_cluster c ON c.battle_id = i.battle_id JOIN battles_vote v ON v.battle_id = i.battle_id
      WHERE c.cluster_id = ANY(%(clusters)s) AND v.excluded_under <> '' AND v.excluded_at < l.sealed_at
    """,
    "an item with a turn that nobody screened": """
      SELECT i.battle_id FROM release_item i JOIN battle_cluster c ON c.battle_id = i.battle_id
      JOIN battles_turn t ON t.battle_id = i.battle_id
      WHERE c.cluster_id = ANY(%(clusters)s) AND t.screened_at IS NULL
    """,
    "an item younger than the policy of its day": """
      SELECT i.battle_id FROM release_item i JOIN licensing_release l ON l.id = i.release_id
      JOIN battle_cluster c ON c.battle_id = i.battle_id JOIN battle_cluster o ON o.cluster_id = c.cluster_id
      JOIN battles_battle b ON b.id = o.battle_id
      WHERE c.cluster_id = ANY(%(clusters)s) AND b.tag IS NULL AND b.last_event_at + (
        SELECT 24 * (w.parameters ->> 'min_age_days')::int * interval '1 hour' FROM policy_clause w
        JOIN policy_policyversion v ON v.id = w.version_id
        WHERE w.number = 'W1' AND v.effective_at < l.sealed_at ORDER BY v.number DESC LIMIT 1) > l.sealed_at
    """,
    "a turn on no cluster, or on one that its battle lacks": f"""
      {_WALKED} SELECT t.id FROM battles_turn t JOIN ends n ON n.id = t.cluster_id
      WHERE t.cluster_id = ANY(%(clusters)s) AND NOT EXISTS (
        SELECT 1 FROM battle_cluster c WHERE c.battle_id = t.battle_id AND c.cluster_id = n.at_last)
    """,
}


def breaches(world: World, clusters: Sequence[int], *, ignoring: Sequence[str] = ()) -> list[Any]:
    """Return everything that does not hold around some clusters, the oldest promises included."""
    found = broken(world, clusters, ignoring=ignoring)
    for name, query in NEVER.items():
        if name not in ignoring:
            rows = world.owner.execute(query.encode(), {"clusters": list(clusters)}).fetchall()
            found += [(name, row[0]) for row in rows]
    return found
