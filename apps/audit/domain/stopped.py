"""What stops publication until a person has looked: its message says what was found and what to do."""


class PublicationStopped(RuntimeError):
    """Nothing more is signed or published, because going on could make the log contradict what others hold."""


class RolledBack(PublicationStopped):
    """The tree is smaller than one that was signed: the database is older than what was published."""


class Forked(PublicationStopped):
    """The tree does not begin with one that was signed."""


class TileConflict(PublicationStopped):
    """A file that was written once would have to hold something else."""


class NoKey(PublicationStopped):
    """There is no key to sign with, or none that may be used."""


class MemoryLost(PublicationStopped):
    """What was signed last is not known, so that nothing may be signed."""
