"""What the log says about a thing, for tests that ask."""

from typing import Any, Protocol

from apps.audit.models import Entry


class Named(Protocol):
    """A thing under the name that the log uses."""

    @property
    def ref(self) -> str:
        """The reference under which the log names it."""
        ...


def trail_of(thing: Named) -> list[str]:
    """Return the events of everything that the log says about a thing, oldest first."""
    return list(Entry.objects.filter(subject=thing.ref).order_by("pk").values_list("event", flat=True))


def facts_about(thing: Named) -> dict[str, Any]:
    """Return the facts of the newest entry about a thing."""
    return Entry.objects.filter(subject=thing.ref).latest("pk").facts


def refusals() -> list[str]:
    """Return the codes of every refusal in the log, oldest first."""
    entries = Entry.objects.filter(event="audit.refused").order_by("pk")
    return [entry.facts["code"] for entry in entries]
