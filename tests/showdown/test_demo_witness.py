"""The demo's own witness: one more process, Barbara's, which countersigns from the first checkpoint on."""

import http.client
import json
import signal
import socket
import urllib.request

import psutil
import psycopg
import pytest

from showdown.supervisor import processes
from showdown.supervisor.witness import NAME
from tests.showdown.installation import Installation


def log_file(installation: Installation, name: str) -> str:
    """Return a file of the log as everybody reads it, or nothing."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{installation.port}/log/{name}", timeout=10) as answer:
            return str(answer.read().decode())
    except (OSError, http.client.HTTPException):
        return ""


def is_countersigned(installation: Installation) -> bool:
    """Whether the newest checkpoint has the witness's line."""
    return f"\N{EM DASH} {NAME} " in log_file(installation, "checkpoint")


def witness_process(installation: Installation) -> psutil.Process | None:
    for process in installation.processes():
        if "showdown_witness" in process.cmdline():
            return process
    return None


def registered(installation: Installation) -> list[tuple[str, str, bool]]:
    """Return key, address and whether it is in force of every registration, oldest first."""
    addresses = json.loads((installation.var / "secrets" / "addresses").read_text())
    with psycopg.connect(addresses["DATABASE_OWNER_URL"]) as connection:
        rows = connection.execute("SELECT vkey, address, ended_at IS NULL FROM audit_witness ORDER BY id").fetchall()
    return [(str(vkey), str(address), bool(in_force)) for vkey, address, in_force in rows]


@pytest.mark.slow
@pytest.mark.timeout(600)  # Four starts of a whole platform.
def test_it_countersigns_comes_back_moves_and_begins_anew(installation: Installation) -> None:
    installation.start()
    assert processes.wait_until(lambda: is_countersigned(installation), seconds=40, step=0.2)
    ((vkey, address, _in_force),) = registered(installation)
    policy = log_file(installation, "policy")
    assert f"witness {NAME} {vkey} {address}\n" in policy
    assert policy.endswith(f"group majority 1 {NAME}\nquorum majority\n")

    first = witness_process(installation)
    assert first is not None
    assert not [name for name in first.environ() if name.startswith("DATABASE_") or name.startswith("SHOWDOWN_SECRET")]
    first.kill()
    assert processes.wait_until(
        lambda: (again := witness_process(installation)) is not None and again.pid != first.pid, seconds=30, step=0.2
    )
    assert installation.end(signal.SIGINT) == 0

    # Somebody has taken its port: the log asks it at another one.
    with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
        installation.start()
        moved = registered(installation)
        assert [in_force for _vkey, _address, in_force in moved] == [False, True]
        assert moved[1][0] == vkey
        assert moved[1][1] != address
        assert processes.wait_until(lambda: is_countersigned(installation), seconds=40, step=0.2)
        assert installation.end(signal.SIGINT) == 0

    # Without its folder it is another witness, and the log learns of that.
    for path in sorted((installation.var / "witness").glob("*")):
        path.unlink()
    installation.start()
    assert [in_force for _vkey, _address, in_force in registered(installation)] == [False, False, True]
    assert registered(installation)[2][0] != vkey
    assert processes.wait_until(lambda: is_countersigned(installation), seconds=40, step=0.2)
    assert installation.end(signal.SIGINT) == 0
