"""What entries count: how many of an event name each value of a fact, and up to which number they go."""

from typing import Final

from django.db import connections

from apps.audit.queries.entries import DEFAULT

_COUNTED: Final = """
SELECT told #>> ARRAY['facts', %(of)s], count(*), max((told #>> ARRAY['facts', %(number)s])::numeric)::bigint
FROM (SELECT convert_from(body, 'UTF8')::jsonb AS told FROM audit_entry WHERE event = %(event)s) AS entries
WHERE jsonb_typeof(told #> ARRAY['facts', %(number)s]) = 'number' GROUP BY 1
"""


def counted_entries(event: str, *, of: str, number: str, using: str = DEFAULT) -> dict[str, tuple[int, int]]:
    """Return, for each value of the fact ``of``, how many entries of an event have it and their highest ``number``.

    It reads the bodies of all entries of the event; counts tell of no entry, so it is no look.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(_COUNTED, {"event": event, "of": of, "number": number})
        return {str(value): (count, highest) for value, count, highest in cursor.fetchall()}
