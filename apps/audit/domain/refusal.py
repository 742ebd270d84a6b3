"""The expected "no": what every refusal of every service derives from."""

import re
from typing import ClassVar

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Refused(Exception):
    """A service says no, and says why in words that the person who asked may read.

    ``clause`` is the number of the rule that says no, ``subject`` the reference of the thing it is about
    (``"battles.battle:7"``). ``code`` names the kind of refusal in kebab case and is what the log keeps.
    """

    code: ClassVar[str] = "refused"

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if "code" not in cls.__dict__:
            cls.code = _WORD_STARTS.sub("-", cls.__name__).lower()

    def __init__(self, message: str, *, clause: str | None = None, subject: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.clause = clause
        self.subject = subject

    def __str__(self) -> str:
        return str(self.message)


class NotPermitted(Refused):
    """The actor may not do this."""
