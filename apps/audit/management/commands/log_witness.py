"""Whose signatures count, from the command line of whoever runs the platform."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from apps.audit.management.base import RecordedCommand
from apps.audit.models import Witness
from apps.audit.services import add_witness, end_witness, move_witness


class Command(RecordedCommand):
    """Registers, moves, ends and lists witnesses; each change is an entry under this command's own name."""

    help = "Names the witnesses that countersign the log, ends them, and lists them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do and with whom."""
        what = parser.add_subparsers(dest="what", required=True, metavar="add|move|end|list")
        add = what.add_parser("add", help="register a witness; the log asks it from its next checkpoint on")
        add.add_argument("vkey", help="its public key, as `showdown-witness key` prints it")
        add.add_argument("--address", default="", help="where it is asked; without one it only pulls")
        add.add_argument("--owner", default="", metavar="PSEUDONYM", help="the auditor whose it is")
        add.add_argument("--ties", default="", help="what binds its owner to labs and licensees; public")
        move = what.add_parser("move", help="ask a witness at another address")
        move.add_argument("name")
        move.add_argument("--address", default="", help="the new one; without one it only pulls")
        end = what.add_parser("end", help="ask a witness no more, and leave it out of the quorum")
        end.add_argument("name")
        what.add_parser("list", help="list witnesses, those in force first")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked."""
        now = timezone.now()
        match options["what"]:
            case "add":
                witness = add_witness(
                    actor=self.actor,
                    vkey=options["vkey"],
                    address=options["address"],
                    owner_pseudonym=options["owner"],
                    ties=options["ties"],
                    now=now,
                )
                self.stdout.write(f"{witness.name} is a witness from now on.")
            case "move":
                witness = move_witness(
                    actor=self.actor, witness_id=_named(options["name"]), address=options["address"], now=now
                )
                self.stdout.write(f"{witness.name} is asked at {witness.address or 'no address'} from now on.")
            case "end":
                witness = end_witness(actor=self.actor, witness_id=_named(options["name"]), now=now)
                self.stdout.write(f"{witness.name} is asked no more.")
            case _:
                self._list()

    def _list(self) -> None:
        ended = Witness.objects.filter(ended_at__isnull=False).order_by("-ended_at")
        for witness in (*Witness.objects.in_force(), *ended):
            until = f" until {witness.ended_at:%Y-%m-%d}" if witness.ended_at else ""
            where = witness.address or "only pulls"
            owner = f", of {witness.owner_pseudonym}" if witness.owner_pseudonym else ""
            self.stdout.write(f"{witness.vkey}  {where}{owner}, since {witness.added_at:%Y-%m-%d}{until}")


def _named(name: str) -> int:
    number: int | None = Witness.objects.in_force().filter(name=name).values_list("pk", flat=True).first()
    if number is None:
        raise CommandError(f"No witness in force is called {name!r}; `manage.py log_witness list` names them.")
    return number
