"""``python -m showdown.supervisor``: the platform on this machine, and the servers of its tests."""

import argparse
import os
import sys
from pathlib import Path

from showdown.supervisor import keeper, schema
from showdown.supervisor.chromium import find_chromium
from showdown.supervisor.console import Console
from showdown.supervisor.demo import Demo, stop_running
from showdown.supervisor.folders import Var, end_what_was_left
from showdown.supervisor.obstacle import Obstacle, obstacle_of
from showdown.supervisor.platform_processes import environment_of

_ROLES = {"app": "DATABASE_URL", "owner": "DATABASE_OWNER_URL", "sequencer": "DATABASE_SEQUENCER_URL"}
_ROLES |= {"auditor": "DATABASE_AUDITOR_URL"}


def port_from_environment() -> int:
    """Return the port that PORT names, or 8000."""
    told = os.environ.get("PORT") or "8000"
    if not told.isdigit() or not int(told):
        raise Obstacle(f"PORT is {told!r}, which is no port.", "PORT=8001 make demo")
    return int(told)


def reset(var: Var) -> int:
    """Delete the installation's data."""
    console = Console()
    if (holder := var.holder()) is not None:
        raise Obstacle(
            f"The demo is running at {holder['address']} (process {holder['pid']}).",
            "stop it first: Ctrl-C where it runs, or `make demo-stop`",
        )
    end_what_was_left(var, console.say)
    gone = var.clear()
    console.say(f"Deleted: {', '.join(map(str, gone))}." if gone else "There was nothing to delete.")
    return 0


def stop(var: Var) -> int:
    """Stop the demo that runs in another terminal, and what a killed one left."""
    console = Console()
    console.say("Stopped." if stop_running(var) else f"No demo is running on {var.root}.")
    end_what_was_left(var, console.say)
    return 0


def manage(var: Var, role: str, arguments: list[str]) -> int:
    """Become a management command that works on the running demo as one role."""
    needed = [_ROLES[role], "REDIS_URL", *(["DATABASE_AUDITOR_URL"] if role == "app" else [])]
    environment = environment_of(var, var.addresses(), *needed)
    if arguments[:1] == ["log_key"]:
        environment["SHOWDOWN_LOG_KEYS"] = str(var.log_keys)
    program = schema.manage(*arguments)
    os.execve(program[0], program, environment)  # noqa: S606 - no shell is wanted.


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    made = argparse.ArgumentParser(prog="python -m showdown.supervisor", description=__doc__)
    commands = made.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="start everything and watch it")
    commands.add_parser("services", help="start PostgreSQL and Redis alone, with the demo's data")
    commands.add_parser("stop", help="stop the demo that runs in another terminal")
    commands.add_parser("reset", help="delete the demo's data")
    beside = commands.add_parser("manage", help="run a management command on the running demo")
    beside.add_argument("--as", dest="role", choices=sorted(_ROLES), default="app")
    beside.add_argument("arguments", nargs=argparse.REMAINDER)
    browser = commands.add_parser("chromium", help="find a Chromium, install one if need be, and print its path")
    browser.add_argument("--only-look", action="store_true")
    keep = commands.add_parser("keep-test-services", help="start the servers of one test run")
    keep.add_argument("folder", type=Path)
    keep.add_argument("--owner", type=int, required=True)
    keep.add_argument("--template", default=keeper.TEMPLATE)
    return made


def run(asked: argparse.Namespace, var: Var) -> int:  # noqa: PLR0911 - One for each command.
    """Run one command and return its exit status."""
    match asked.command:
        case "demo":
            return Demo(var, port_from_environment()).run()
        case "services":
            return Demo(var, port_from_environment()).run_services_only()
        case "stop":
            return stop(var)
        case "reset":
            return reset(var)
        case "manage":
            return manage(var, asked.role, asked.arguments)
        case "chromium":
            sys.stdout.write(f"{find_chromium(install=not asked.only_look)}\n")
            return 0
        case _:
            return keeper.keep(asked.folder, asked.owner, asked.template)


def main() -> int:
    """Run one of the commands; an obstacle is told in lines, not in a traceback."""
    asked = parser().parse_args()
    var = Var.from_environment()
    try:
        return run(asked, var)
    except Obstacle as obstacle:
        sys.stderr.write(f"{obstacle}\n")
    except OSError as error:
        sys.stderr.write(f"{obstacle_of(error, var.root)}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
