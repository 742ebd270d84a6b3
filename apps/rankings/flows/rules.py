"""What the rulebook asks of the boards, in the engine's words."""

from apps.policy.queries import clause
from apps.rankings.domain.membership import ATTRIBUTES, DeclaredList
from apps.rankings.domain.showing import ShowingRules


def showing_rules() -> ShowingRules:
    """Return who must stand behind a board, by clause R2."""
    rules = clause("R2").parameters
    return ShowingRules(
        least=rules["min_contributors"],
        least_effective=rules["min_effective"],
        # A board that changed for fewer people than must stand behind it would give them away.
        least_changed=max(rules.get("min_changed", 0), rules["min_contributors"]),
    )


def declared_list() -> DeclaredList:
    """Return which boards there are, by clause R2."""
    rules = clause("R2").parameters
    pairs = [(pair[0], pair[1]) for pair in rules.get("pairs", ())]
    return DeclaredList.of(rules.get("attributes", ATTRIBUTES), pairs)
