"""Following a log by its address: what it published is fetched, checked against the last, and countersigned."""

from showdown_witness.logs import Log
from showdown_witness.witness import Witness


def follow(witness: Witness, log: Log) -> str | None:
    raise NotImplementedError
