"""What somebody sees who waits for the demo: a bar on a terminal, plain lines in a file."""

import io
import time

from showdown.demo.loading.progress import Progress

PHASES = (("people", 1.0), ("votes", 3.0))


class Terminal(io.StringIO):
    """Says that somebody watches."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def run_through(out: io.StringIO) -> str:
    progress = Progress(out, PHASES)
    with progress.phase("people"):
        pass
    with progress.phase("votes", 1000) as running:
        running.tick(500)
    progress.end("done")
    return out.getvalue()


def test_a_file_gets_one_line_for_each_phase() -> None:
    told = run_through(io.StringIO())
    assert "\r" not in told
    lines = told.splitlines()
    assert [line.split(" …")[0].strip() for line in lines[:2]] == ["people", "votes (1,000)"]
    assert lines[2].strip() == "done"


def test_a_terminal_gets_a_bar_with_phase_count_and_share() -> None:
    told = run_through(Terminal())
    drawn = told.split("\r\x1b[K")
    assert any("25%" in line and "people" in line for line in drawn)
    assert any("100%" in line and "votes 1,000 of 1,000" in line for line in drawn)
    assert drawn[-1].strip() == "done"


def test_a_phase_may_learn_on_the_way_how_much_there_is() -> None:
    out = Terminal()
    with Progress(out, PHASES).phase("votes") as running:
        time.sleep(0.15)  # The bar moves ten times a second at most.
        running.tick(1, 4)
    assert any("19%" in line and "votes 1 of 4" in line for line in out.getvalue().split("\r\x1b[K"))
