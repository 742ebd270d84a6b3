"""The supervisor's watch over its processes, and the size of their logs."""

from pathlib import Path

from showdown.supervisor.folders import bound_log
from showdown.supervisor.platform_processes import Watched


class Mortal:
    """Something that dies when told, and counts its lives."""

    def __init__(self) -> None:
        self.alive = True
        self.lives = 1
        self.told: list[str] = []
        self.watch = Watched("it", lambda: self.alive, self.start, lambda: "status 1", started_at=0.0)

    def start(self) -> None:
        self.alive = True
        self.lives += 1

    def look(self, now: float) -> None:
        self.watch.look(now, self.told.append)


def test_what_dies_is_told_and_started_again_after_a_wait_that_doubles() -> None:
    it = Mortal()
    now = 0.0
    waits = []
    for _death in range(7):
        it.alive = False
        it.look(now)
        assert it.watch.again_at is not None
        waits.append(it.watch.again_at - now)
        it.look(it.watch.again_at - 0.1)
        assert not it.alive
        now = it.watch.again_at
        it.look(now)
        assert it.alive
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert it.lives == 8
    assert it.told[0] == "it ended by itself (status 1); starting it again in 1 s"


def test_a_long_life_makes_the_next_wait_short_again() -> None:
    it = Mortal()
    for now in (0.0, 1.0, 2.0, 4.0):
        it.alive = now > 1.0 and it.alive
        it.look(now)
    it.alive = True
    it.watch.again_at = None
    it.look(it.watch.started_at + 61)
    it.alive = False
    it.look(it.watch.started_at + 62)
    assert it.told[-1].endswith("in 1 s")


def test_logs_stay_small(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab") as held:
        held.write(b"x" * 2_000_001)
        held.flush()
        bound_log(log, megabytes=2)
        held.write(b"after\n")
        held.flush()
    assert log.read_bytes() == b"after\n"
    assert (tmp_path / "web.log.1").stat().st_size == 2_000_001
    bound_log(tmp_path / "missing.log")
