"""The account that PostgreSQL runs under when everything else was started by root, which PostgreSQL refuses."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from showdown.supervisor.obstacle import Obstacle

ACCOUNT_NAME = "showdown-postgres"


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A system account without privileges."""

    name: str
    uid: int
    gid: int

    def runs(self, program: Sequence[str]) -> bool:
        """Say whether the account can run a program to a good end."""
        try:
            done = subprocess.run(
                program,
                user=self.uid,
                group=self.gid,
                extra_groups=[],
                cwd="/",
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except PermissionError:
            return False
        except OSError as error:
            raise Obstacle(
                f"PostgreSQL refuses to run as root, and this system lets root become nobody else ({error.strerror}).",
                "start as an ordinary user",
                "or point DATABASE_URL and its siblings to a server (see the README)",
            ) from error
        return done.returncode == 0

    def reaches(self, folder: Path) -> bool:
        """Say whether the account may pass through a folder and all its parents."""
        return self.runs(["/bin/sh", "-c", 'cd "$0"', str(folder)])

    def owns(self, folder: Path) -> None:
        """Give one folder or file, not what is in it, to the account."""
        os.chown(folder, self.uid, self.gid)


def account_for_postgres(announce: Callable[[str], None]) -> ServiceAccount | None:
    """Return the account to run PostgreSQL under, making it when needed; nothing when we are not root."""
    if os.geteuid() != 0:
        return None
    found = _lookup(ACCOUNT_NAME)
    if found is None and shutil.which("useradd"):
        made = subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT_NAME],
            check=False,
            capture_output=True,
        )
        found = _lookup(ACCOUNT_NAME)
        if found is not None and made.returncode == 0:
            announce(f"made the system account {ACCOUNT_NAME}, because PostgreSQL refuses to run as root")
    found = found or _lookup("nobody")
    if found is None:
        raise Obstacle(
            f"PostgreSQL refuses to run as root, and the account {ACCOUNT_NAME} could not be made.",
            f"make it (`useradd --system {ACCOUNT_NAME}`) or start as an ordinary user",
        )
    return found


def _lookup(name: str) -> ServiceAccount | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return ServiceAccount(name, entry.pw_uid, entry.pw_gid)
