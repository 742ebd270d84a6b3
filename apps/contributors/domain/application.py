"""The steps of an application and the order in which they can be taken."""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """One thing that somebody does before they can take part."""

    ADDRESS = "address"
    DESCRIPTION = "description"
    EMPLOYER = "employer"
    CONSENTS = "consents"


class StepState(StrEnum):
    """Where a step stands; ``NOW`` is the first that is open."""

    DONE = "done"
    NOW = "now"
    TODO = "todo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """Which steps of an application are done."""

    done: Set[Step]

    @property
    def missing(self) -> tuple[Step, ...]:
        """The steps that are still open, in their order."""
        return tuple(step for step in Step if step not in self.done)

    @property
    def is_complete(self) -> bool:
        """Whether the application can be sent."""
        return not self.missing

    def state_of(self, step: Step) -> StepState:
        """Return where one step stands."""
        if step in self.done:
            return StepState.DONE
        return StepState.NOW if step == self.missing[0] else StepState.TODO
