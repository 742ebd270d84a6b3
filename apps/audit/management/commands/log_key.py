"""The log's keys, from the command line of whoever runs the platform."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from apps.audit.domain.note import InvalidNote, parse_vkey
from apps.audit.domain.stopped import PublicationStopped
from apps.audit.flows.keys import KeyTrouble, begin_signing, remember_checkpoint, stop_signing
from apps.audit.gateways import KeysInUse
from apps.audit.management.base import RecordedCommand
from apps.audit.management.publisher import keys_from_settings, origin_from_settings
from apps.audit.queries import announced_keys
from apps.audit.services import announce_key

_LARGEST_NOTE = 1_000_000


class Command(RecordedCommand):
    """Makes, rotates, retires and lists keys, and mends the signer's memory; docs/runbook.md tells when."""

    help = "Makes the log's key, lets another one sign beside it, retires one, and lists them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do and with which key."""
        what = parser.add_subparsers(dest="what", required=True, metavar="create|rotate|announce|retire|remember|list")
        what.add_parser("create", help="make the key of a new log, or of one whose keys were all lost")
        what.add_parser("rotate", help="make another key; from then on all of them sign")
        announce = what.add_parser("announce", help="tell everybody of a key that was made on another machine")
        announce.add_argument("vkey")
        retire = what.add_parser("retire", help="destroy a key and tell everybody that it signs no more")
        retire.add_argument("key_id", help="its eight digits, as `log_key list` prints them")
        retire.add_argument("--lost", action="store_true", help="it is the only one, and lost or stolen")
        remember = what.add_parser("remember", help="tell the signer the newest checkpoint that anybody has")
        remember.add_argument("file", type=Path)
        what.add_parser("list", help="list the keys, those that sign first")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked."""
        try:
            self._do(options)
        except (KeyTrouble, KeysInUse, PublicationStopped) as trouble:
            raise CommandError(str(trouble)) from trouble

    def _do(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        match options["what"]:
            case "create" | "rotate" as what:
                keys, memory = keys_from_settings()
                signer = begin_signing(actor=self.actor, keys=keys, memory=memory, another=what == "rotate", now=now)
                self.stdout.write(f"Signs from now on: {signer.vkey}")
                self.stdout.write(f"Its private half is in {keys.folder}; keep a copy where only you can read it.")
            case "announce":
                key = announce_key(actor=self.actor, vkey=_ours(options["vkey"]), now=now)
                self.stdout.write(f"Announced: {key.vkey}")
            case "retire":
                keys, _memory = keys_from_settings()
                key_id = options["key_id"]
                was_there = stop_signing(actor=self.actor, keys=keys, key_id=key_id, is_lost=options["lost"], now=now)
                self.stdout.write(f"{key_id} signs no more." + ("" if was_there else " It was not in the folder."))
            case "remember":
                keys, memory = keys_from_settings()
                told = remember_checkpoint(keys=keys, memory=memory, note=_read(options["file"]))
                self.stdout.write(f"The signer remembers {told.size:,} leaves.")
            case _:
                self._list()

    def _list(self) -> None:
        keys, _memory = keys_from_settings()
        signing = {signer.vkey for signer in keys.signers()} if keys.has_keys() else set()
        announced = announced_keys()
        for key in announced:
            here = "in this folder" if key.vkey in signing else "not in this folder"
            until = f", retired {key.retired_at:%Y-%m-%d}" if key.retired_at else f", {here}"
            self.stdout.write(f"{key.key_id}  {key.vkey}  announced {key.announced_at:%Y-%m-%d}{until}")
        for vkey in sorted(signing - {key.vkey for key in announced}):
            self.stdout.write(f"{vkey.split('+')[1]}  {vkey}  signs and was never announced: log_key announce")


def _ours(vkey: str) -> str:
    """Return the key as it is spelt; raises ``CommandError`` unless it is one of this log's."""
    try:
        verifier = parse_vkey(vkey)
    except InvalidNote as error:
        raise CommandError(f"{vkey!r} is no key: {error}") from None
    if verifier.name != origin_from_settings():
        raise CommandError(f"The key is one of {verifier.name}, and this log is {origin_from_settings()}.")
    return verifier.vkey


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_NOTE)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
