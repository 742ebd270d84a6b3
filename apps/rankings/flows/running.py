"""A run from its claim to its publication, part by part: each worker takes what is free, the last one publishes."""

import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.battles.models import ImportedDataset
from apps.jobs.services import JobCancelled, advance_job
from apps.policy.queries import clause, current_version
from apps.rankings.domain.kernels import chosen_kernels
from apps.rankings.domain.version import ENGINE_VERSION
from apps.rankings.flows.beside import BESIDE, computed_beside, parts_beside, sentences_of, with_facts
from apps.rankings.flows.fitting import boards_to_bytes, fit_dataset, fit_layer
from apps.rankings.flows.gathering import NightInput, counted_votes_of, forget_votes, gather
from apps.rankings.flows.months import months_to_write, write_month
from apps.rankings.flows.moves import moves_of
from apps.rankings.flows.planning import Plan, plan_boards
from apps.rankings.flows.reducing import ballots_from_bytes, ballots_to_bytes, reduced, result_of, standings_of
from apps.rankings.flows.rules import declared_list, showing_rules
from apps.rankings.flows.scales import reference_scales, rules_with_scales
from apps.rankings.flows.sealing_input import NoRoomToSeal, forget_old_inputs, seal_input
from apps.rankings.models import RefitPart, RefitRun, Snapshot
from apps.rankings.queries import CountedVotes, last_standings, open_run, part_done, parts_done, tally_of_parts
from apps.rankings.services import (
    Night,
    NotTheRunner,
    PartLost,
    Phase,
    PlannedPart,
    RunIsOver,
    beat_part,
    claim_part,
    end_run_cancelled,
    end_run_failed,
    finish_part,
    give_back_part,
    let_go_of,
    publish_snapshot,
    take_up_run,
)

Report = Callable[[str, int, int], None]
Clock = Callable[[], datetime]

#: The key of the part that builds the tree over the counted votes, and what the keys of imported files begin with.
BALLOTS: Final = "ballots"
DATASET: Final = "dataset="
WAITS_FOR_ROOM: Final = "waiting for room on the disk"
_WORDS: Final = {
    Phase.MONTHS: "keeping months",
    Phase.READ: "reading votes",
    Phase.FIT: "fitting boards",
    Phase.PUBLISH: "publishing",
}


def recompute_open_run(*, actor: Actor, report: Report | None = None, clock: Clock = timezone.now) -> Snapshot | None:
    """Work on the run that is due or under way, as far as nobody else does, and return its snapshot.

    A part whose worker died is done again. Returns None when there is nothing to do, when other workers have all that
    is left, or when somebody asked the run to stop; whoever ends the last part publishes.
    """
    run = open_run()
    if run is None:
        return None
    try:
        take_up_run(actor=actor, run_id=run.pk, months=_months(run, clock()), now=clock())
        while (part := claim_part(actor=actor, run_id=run.pk, now=clock())) is not None:
            try:
                snapshot = _Worker(actor, run, part, report, clock).work()
            except NoRoomToSeal:
                # Without its sealed input a snapshot cannot be checked. The run goes on when there is room.
                give_back_part(part=part)
                advance_job(job_id=run.job_id, phase=WAITS_FOR_ROOM, done=0, total=1, now=clock())
                raise
            finally:
                let_go_of(part)
            if snapshot is not None:
                return snapshot
    except JobCancelled:
        end_run_cancelled(actor=actor, run_id=run.pk, now=clock())
    except (RunIsOver, PartLost, NotTheRunner):
        pass
    except (ArithmeticError, ValueError, LookupError) as error:
        # What the votes or the rulebook make impossible fails the run; a lost database does not: the run stays
        # open, and the next process that looks takes it up again.
        end_run_failed(actor=actor, run_id=run.pk, error=f"{type(error).__name__}: {error}", now=clock())
        raise
    finally:
        forget_votes()
    return None


def _months(run: RefitRun, now: datetime) -> list[str]:
    return [] if run.started_at is not None else months_to_write(until=now)


class _Worker:
    """One part in the hands of this process."""

    def __init__(self, actor: Actor, run: RefitRun, part: RefitPart, report: Report | None, clock: Clock) -> None:
        self.actor, self.run, self.part, self.report, self.clock = actor, run, part, report, clock

    def work(self) -> Snapshot | None:
        """Do the part; the last one returns the snapshot."""
        phase = Phase(self.part.phase)
        self.tell(0, 0)
        if phase is Phase.PUBLISH:
            return self._publish()
        if phase is Phase.MONTHS:
            month = date.fromisoformat(f"{self.part.key}-01")
            self._finish(write_month(month, now=self.clock()).encode())
        elif phase is Phase.READ:
            self._read()
        else:
            self._finish(self._fitted())
        return None

    def tell(self, done: int, total: int) -> None:
        """Tell how far the run is: by parts, or by steps within a part that is alone in its phase."""
        now = self.clock()
        phase = Phase(self.part.phase)
        words = _WORDS[phase]
        beat_part(part=self.part, now=now)
        if not total:
            done, total = tally_of_parts(self.run, phase)
        advance_job(job_id=self.run.job_id, phase=words, done=done, total=total, now=now)
        self._show(done, total)

    def _show(self, done: int, total: int) -> None:
        if self.report is not None:
            self.report(_WORDS[Phase(self.part.phase)], done, total)

    def _finish(self, result: bytes, then: tuple[PlannedPart, ...] = ()) -> None:
        finish_part(part=self.part, result=result, then=then, now=self.clock())

    def _read(self) -> None:
        began = time.perf_counter()
        # All of this is of one moment, in which nothing can be written: the next heartbeat follows it.
        night, columns = gather(taken_at=self.clock(), tell=self._show)
        self.tell(0, 0)
        declared = declared_list()
        counted = counted_votes_of(night, key=_key(self.part), columns=columns)
        plan = plan_boards(counted, declared, showing_rules(), last_standings())
        scales = reference_scales(night, counted, clause("R1").parameters, clause("R3").parameters["min_votes"])
        told = {**plan.told(), "scales": scales, "read_s": round(time.perf_counter() - began, 3)}
        datasets = ImportedDataset.objects.filter(is_complete=True).order_by("pk").values_list("pk", flat=True)
        keys = [BALLOTS, *plan.layers, *parts_beside(plan), *(f"{DATASET}{pk}" for pk in datasets)]
        self._finish(night.to_bytes(told, plan.arrays()), tuple(PlannedPart(Phase.FIT, key) for key in keys))

    def _gathered(self) -> tuple[NightInput, Plan, CountedVotes, dict[str, Any], float]:
        """Return what the night reads and plans, by which rules, and how long the reading took."""
        part = part_done(self.run, Phase.READ, "votes")
        night, told, arrays = NightInput.from_bytes(result_of(part))
        rules = rules_with_scales(clause("R1").parameters, told["scales"])
        return night, Plan.of(told, arrays), counted_votes_of(night, key=_key(part)), rules, told["read_s"]

    def _fitted(self) -> bytes:
        key = self.part.key
        if key.startswith(DATASET):
            part = part_done(self.run, Phase.READ, "votes")
            night, _told, _arrays = NightInput.from_bytes(result_of(part))
            rules = clause("R1").parameters
            return boards_to_bytes(fit_dataset(int(key.removeprefix(DATASET)), rules, until=night.taken_at))
        night, plan, counted, rules, _seconds = self._gathered()
        if key == BALLOTS:
            return ballots_to_bytes(counted)
        if key.startswith(BESIDE):
            return computed_beside(key, night, plan, counted, rules, showing_rules().least)
        return boards_to_bytes(fit_layer(counted, key, plan.refreshing(key), rules))

    def _publish(self) -> Snapshot:
        night, plan, counted, rules, read_s = self._gathered()
        parts = {part.key: part for part in parts_done(self.run, Phase.FIT)}
        ballots = ballots_from_bytes(result_of(parts.pop(BALLOTS)))
        beside = [result_of(parts.pop(key)) for key in [*parts] if key.startswith(BESIDE)]
        boards = with_facts(reduced(plan, [result_of(part) for part in parts.values()]), beside)
        now = self.clock()
        fit_s = (now - self.run.started_at).total_seconds() - read_s if self.run.started_at else 0.0
        snapshot = publish_snapshot(
            actor=self.actor,
            run_id=self.run.pk,
            night=Night(
                boards=boards,
                taken_at=night.taken_at,
                policy_version=current_version(),
                method=rules,
                code_version=f"{ENGINE_VERSION} ({chosen_kernels().name})",
                standings=standings_of(counted, ballots),
                findings=sentences_of(plan, beside),
                seeds={"rank_spread": int(rules["seed"])},
                moves=moves_of(boards),
                sealed=seal_input(counted, rules),
                timings={"read_s": read_s, "fit_s": round(max(fit_s, 0.0), 3)},
            ),
            now=now,
        )
        forget_old_inputs()
        return snapshot


def _key(part: RefitPart) -> str:
    """Return what tells the votes of one reading from those of another; a reading that is done again counts anew."""
    return f"{part.pk}:{part.attempts}"
