"""The command showdown-witness: make a key, countersign, show what was countersigned."""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from showdown_witness.evidence import Evidence
from showdown_witness.following import follow
from showdown_witness.key import key_path, load_or_make
from showdown_witness.logs import Logs
from showdown_witness.obstacle import Obstacle
from showdown_witness.server import WitnessServer
from showdown_witness.store import Store
from showdown_witness.witness import Witness, cosigned_note

DONE: Final = 0
HINDERED: Final = 2
_LAST_PORT: Final = 65_535
_SHORTEST_PAUSE: Final = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 when it did what it should, and 2 when something hinders it."""
    asked = _parser().parse_args(arguments)
    try:
        store = Store(asked.state)
        try:
            status: int = asked.run(asked, store)
        finally:
            store.close()
    except Obstacle as obstacle:
        sys.stderr.write(f"showdown-witness: {obstacle}\n")
        return HINDERED
    except KeyboardInterrupt:
        return DONE
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="showdown-witness",
        description="Countersigns the checkpoints of transparency logs for as long as they only grow.",
        epilog="Exit status: 0 done or stopped, 2 hindered (and why).",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    key = commands.add_parser("key", help="print the public key; the first time, make the key")
    key.set_defaults(run=_key)
    show = commands.add_parser("show", help="print the latest countersigned checkpoint of each log")
    show.set_defaults(run=_show)
    serve = commands.add_parser("serve", help="countersign what logs send, and what they publish")
    serve.set_defaults(run=_serve)
    pull = commands.add_parser("follow", help="countersign what logs publish, without an address of one's own")
    pull.set_defaults(run=_follow)
    for command in (key, show, serve, pull):
        command.add_argument(
            "--state", type=Path, required=True, metavar="FOLDER", help="where key and memory lie; one for each witness"
        )
    for command in (key, serve, pull):
        command.add_argument("--name", default="", help="the witness's name, such as witness.example.org/w1")
    for command in (serve, pull):
        command.add_argument(
            "--log", action="append", default=[], metavar="'KEY [ADDRESS]'", help="a log; again for each further one"
        )
        command.add_argument("--logs", type=Path, metavar="FILE", help="a tlog-policy file whose `log` lines count")
        command.add_argument(
            "--within", type=float, default=20.0, metavar="SECONDS", help="how long one look at a log may take"
        )
    serve.add_argument("--listen", default="127.0.0.1:8290", metavar="HOST:PORT")
    serve.add_argument("--every", type=float, default=0.0, metavar="SECONDS", help="also follow the logs' addresses")
    pull.add_argument("--every", type=float, default=60.0, metavar="SECONDS", help="pause between two looks")
    pull.add_argument("--once", action="store_true", help="look once; status 2 when a log could not be followed")
    return parser


def _key(asked: argparse.Namespace, store: Store) -> int:
    store.open(key_exists=key_path(store.folder).exists())
    sys.stdout.write(f"{load_or_make(store.folder, asked.name).vkey}\n")
    return DONE


def _show(_asked: argparse.Namespace, store: Store) -> int:
    store.open(key_exists=key_path(store.folder).exists())
    sys.stdout.write("\n".join(cosigned_note(one) for one in store.all()))
    return DONE


def _witness(asked: argparse.Namespace, store: Store) -> Witness:
    logs = Logs.read(asked.logs, asked.log)
    store.open(key_exists=key_path(store.folder).exists())
    return Witness(
        cosigner=load_or_make(store.folder, asked.name),
        store=store,
        logs=logs,
        evidence=Evidence(store.folder / "evidence"),
        clock=time.time,
        say=_say,
    )


def _serve(asked: argparse.Namespace, store: Store) -> int:
    witness, address, stop = _witness(asked, store), _address(asked.listen), _stop_by_signal()
    try:
        server = WitnessServer(address, add_checkpoint=witness.add_checkpoint, read=witness.read)
    except OSError as error:
        raise Obstacle(f"Nobody can be heard at {asked.listen} ({error.strerror}); choose another.") from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    host, port = server.server_address[:2]
    _say(f"{witness.cosigner.vkey} listens on {host!s}:{port}.")
    try:
        if asked.every:
            _keep_following(witness, asked, stop)
        else:
            stop.wait()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    _say("Stopped.")
    return DONE


def _follow(asked: argparse.Namespace, store: Store) -> int:
    witness = _witness(asked, store)
    if not any(log.address for log in witness.logs.all()):
        raise Obstacle("No log has an address: give --log 'KEY ADDRESS'.")
    if asked.once:
        return DONE if _look_at_all(witness, asked.within) else HINDERED
    _say(f"{witness.cosigner.vkey} follows.")
    _keep_following(witness, asked, _stop_by_signal())
    _say("Stopped.")
    return DONE


def _keep_following(witness: Witness, asked: argparse.Namespace, stop: threading.Event) -> None:
    while not stop.is_set():
        _look_at_all(witness, asked.within)
        stop.wait(max(asked.every, _SHORTEST_PAUSE))


def _look_at_all(witness: Witness, within: float) -> bool:
    """Follow every log that has an address; say what went wrong, and return whether nothing did."""
    is_well = True
    for log in witness.logs.all():
        if log.address and (fault := follow(witness, log, seconds=within)):
            _say(f"{log.origin} is not followed: {fault}")
            is_well = False
    return is_well


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 <= int(port) <= _LAST_PORT:
        raise Obstacle(f"{text!r} is no place to listen: give a host and a port, such as 127.0.0.1:8290.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _stop_by_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_signal: stop.set())
    return stop


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
