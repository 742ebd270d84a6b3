"""How long a fit takes beside its peers, from the same arrays to ratings with intervals, each in its own process."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from apps.battles.domain.formats import read_battles
from apps.rankings.domain.intake import gather
from apps.rankings.domain.votes import Votes
from benchmarks.peers import OURS, Measured, laid_down, measured
from benchmarks.tables import Section, Table, seconds

LLMFAO: Final = Path("/work/shared/data/llmfao/crowd-comparisons.csv")

#: arena-rank is asked for this precision where its numbers are compared; its own is coarser.
EXACT: Final = 1e-14
#: Of all segments arena-rank fits so many, and the rest is reckoned.
SAMPLE: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A peer, what it is asked for, how often it runs, and what it is called in the table."""

    who: str
    intervals: str
    times: int = 5
    name: str = ""
    choices: Mapping[str, object] = field(default_factory=dict)
    #: Only the ratings of this one are of interest: it runs once, and its time is not shown.
    untimed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Votes to fit with one kind of intervals, and who else fits them."""

    name: str
    votes: Votes
    intervals: str
    rivals: tuple[Rival, ...]
    segments: NDArray[np.int32] | None = None


def run(quick: bool) -> Table:
    """Fit everything with everybody."""
    rows = [row for work in _works(quick) for row in _rows(work, quick=quick)]
    return Table(
        heads=(
            "votes",
            "with",
            "intervals",
            "time",
            "processor time",
            "compiling",
            "times ours",
            "by processor time",
            "memory",
            "ratings differ by",
            "intervals by",
        ),
        rows=tuple(rows),
        notes=(
            "Every time runs from the same arrays in memory to ratings with intervals; counting, checking and the "
            "peers' preparation are in it, imports are not. Everybody may use all cores, and runs once before the "
            "clock does. Medians of five runs; statsmodels with a million votes runs once. Time is by the clock and "
            "without compiling, which stands apart; processor time has it in it. arena-rank builds its optimiser anew "
            "in every call, so that it compiles in every call and not only for a new shape. It is given our "
            "likelihood (no penalty, no weights by pair) at its own precision, and in a row of its own, without a "
            f"time, {EXACT:g}. Its intervals are a sandwich over single votes, ours are those of CR1 by contributor "
            "where the table says so, hc0 is the sandwich over single votes; intervals of different kinds are not "
            f"compared. Of the 500 segments arena-rank fitted {SAMPLE}; its time for all is reckoned from their mean. "
            "Memory is how much a process grew at most while it fitted, the votes' own columns (45 bytes a vote with "
            "four style columns) not among it. Differences are the largest, in points.",
        ),
    )


def _works(quick: bool) -> Iterator[Work]:
    million, exact = 20_000 if quick else 1_000_000, {"ftol": EXACT}
    arena = Rival(who="arena-rank", intervals="by vote")
    precise = Rival(who="arena-rank", intervals="by vote", choices=exact, untimed=True)
    if LLMFAO.exists():
        real = gather(read_battles(LLMFAO), style=("length", "duration")).votes
        real = replace(real, position=None)
        rivals = (Rival(who="statsmodels", intervals="by contributor"), precise)
        yield Work(name="8,931 real (llmfao), 2 style columns", votes=real, intervals="cr1", rivals=rivals)
    votes = drawn(million)
    plain = replace(votes, style=None, style_names=(), contributor=None, contributors=0)
    evalica = Rival(who="evalica", intervals="none")
    yield Work(name=f"{million:,} drawn, plain", votes=plain, intervals="hc0", rivals=(evalica, arena, precise))
    slow = Rival(who="statsmodels", intervals="by contributor", times=1, choices={"cold": True})
    bare = Rival(who=OURS, intervals="by contributor", name="showdown, nothing compiled", choices={"numpy": True})
    styled = (bare, arena, slow, precise)
    yield Work(name=f"{million:,} drawn, 4 style columns", votes=votes, intervals="cr1", rivals=styled)
    segments = np.random.default_rng(500).integers(0, 10 if quick else 500, million).astype(np.int32)
    yield Work(
        name=f"{segments.max() + 1} segments of these", votes=votes, intervals="cr1", rivals=(arena,), segments=segments
    )
    del votes, plain
    if not quick:
        yield Work(name="10,000,000 drawn, 4 style columns", votes=drawn(10_000_000), intervals="cr1", rivals=(arena,))


def drawn(number: int, *, models: int = 50, style: int = 4, per_contributor: int = 50) -> Votes:
    """Draw votes on models of different strength, with ties of both kinds and style that pulls."""
    rng = np.random.default_rng(number)
    strength, pull = rng.normal(size=models) * 0.6, rng.normal(size=style) * 0.2
    a = rng.integers(0, models, number).astype(np.int32)
    b = ((a + rng.integers(1, models, number)) % models).astype(np.int32)
    columns = np.asfortranarray(rng.normal(size=(number, style)))
    won = rng.random(number) < 1 / (1 + np.exp(strength[b] - strength[a] - columns @ pull))
    outcome = np.where(rng.random(number) < 0.25, rng.integers(2, 4, number), np.where(won, 0, 1))
    contributors = max(500, number // per_contributor)
    return Votes(
        models=tuple(f"model {place:03}" for place in range(models)),
        model_a=a,
        model_b=b,
        outcome=outcome.astype(np.int8),
        contributor=rng.integers(0, contributors, number).astype(np.int32),
        contributors=contributors,
        style=columns,
        style_names=tuple(f"column {place}" for place in range(style)),
    )


def _rows(work: Work, *, quick: bool) -> list[tuple[str, ...]]:
    with laid_down(work.votes, work.segments) as folder:
        ours = measured(OURS, folder, times=1 if quick else 5, intervals=work.intervals)
        kind = "by contributor" if work.intervals == "cr1" else "by vote"
        rows = [_row(work.name, "showdown", kind, ours, ours, compared=False)]
        for rival in work.rivals:
            theirs = _met(rival, work, folder, quick=quick)
            compared = theirs.halves.size > 0 and rival.intervals == kind
            row = _row("", rival.name or rival.who, rival.intervals, theirs, ours, compared=compared)
            if rival.untimed:
                row = (row[0], f"{row[1]}, exactly", row[2], *[""] * 6, *row[9:])
            rows.append(row)
    return rows


def _met(rival: Rival, work: Work, folder: Path, *, quick: bool) -> Measured:
    """Let a rival run, on a sample of the segments where there are any."""
    choices: dict[str, object] = dict(rival.choices)
    if rival.who == OURS:
        choices["intervals"] = work.intervals
    times = 1 if quick or rival.untimed else rival.times
    if work.segments is None:
        return measured(rival.who, folder, times=times, **choices)
    many = int(work.segments.max()) + 1
    chosen = np.linspace(0, many - 1, SAMPLE).astype(int).tolist()
    found = [measured(rival.who, folder, times=1, segment=segment, **choices) for segment in chosen]
    return replace(
        found[0],
        clock=float(np.mean([one.clock for one in found])) * many,
        processor=float(np.mean([one.processor for one in found])) * many,
        compiling=float(np.mean([one.compiling for one in found])) * many,
        # The one segment's ratings are not those of the same scale of style.
        ratings=np.zeros(0),
        halves=np.zeros(0),
    )


def _row(name: str, who: str, kind: str, found: Measured, ours: Measured, *, compared: bool) -> tuple[str, ...]:
    same = found is ours
    apart = "" if same or not found.ratings.size else f"{np.abs(found.ratings - ours.ratings).max():.0e}"
    between = f"{np.abs(found.halves - ours.halves).max():.0e}" if compared else ""
    return (
        name,
        who,
        kind,
        seconds(found.clock),
        seconds(found.processor),
        seconds(found.compiling) if found.compiling else "",
        "1" if same else f"{found.clock / ours.clock:,.1f}",
        "1" if same else f"{found.processor / ours.processor:,.1f}",
        f"{found.memory / 1e6:,.0f} MB",
        apart,
        between,
    )


SECTION: Final = Section(name="fits", title="Fitting a board", run=run)
