"""The rules of ``docs/wall.md`` by number, how each is taken away, and the test that must then fail.

Whoever brings a rule brings its line: one ``Mutation`` in a module of this package that is named after its subject,
and the module's name in ``SUBJECTS``. Each module has a tuple ``MUTATIONS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

RULES: Final = {
    1: "only eligible battles",
    2: "consent of author and voter, then and now; terms of the models' answers",
    3: "no excluded vote, no withdrawn prompt, no unscreened text",
    4: "four people, and re-authentication to approve",
    5: "ties, and the hold-back for those on the board",
    6: "time-lock, notice, objections, and what leaves meanwhile",
    7: "ten of a kind over all releases",
    8: "pseudonyms under a key for each licensee",
    9: "the stricter of the pinned and the current policy",
    10: "no address before a signed checkpoint; every download is checked and an entry",
    11: "withdrawal and erasure reach the licensee",
    12: "counters without gaps, and a daily match of reads",
}
SUBJECTS: Final = ("eligibility", "clauses", "offers", "people", "deliveries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A rule taken away.

    ``statements`` are SQL of the owner's; ``functions`` are words to replace in functions of the database, and
    ``patches`` are things of the program to replace, each by its dotted name. ``caught_by`` names tests, of which each
    must fail.
    """

    rule: int
    name: str
    statements: tuple[str, ...] = ()
    functions: tuple[tuple[str, str, str], ...] = ()
    patches: tuple[tuple[str, Callable[..., Any]], ...] = ()
    caught_by: tuple[str, ...]


def all_mutations() -> list[Mutation]:
    """Return every mutation, in the order of the rules."""
    found: list[Mutation] = []
    for subject in SUBJECTS:
        found += import_module(f"tests.licensing.mutations.{subject}").MUTATIONS
    return sorted(found, key=lambda mutation: (mutation.rule, mutation.name))
