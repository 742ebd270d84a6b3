"""Tools that we did not write verify what we publish: Go's own sumdb, and tlog-scales from PyPI, both over HTTP."""

import http.cookiejar
import re
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings

from apps.accounts.models import User
from apps.audit.domain.note import SigningKey
from apps.audit.queries import announced_keys
from tests.audit.garden import plant
from tests.browser import LivePlatform
from tests.conftest import PASSWORD
from tests.verify import other_tools
from tests.verify.asking import holds
from tests.verify.other_tools import ran
from tests.verify.paper import LOG, NOON, WITNESSES, Paper, entry, votes
from tests.verify.served import saying, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

HERE = Path(__file__).parent
CLIENTS = HERE.parents[1] / "clients"
SIZES = [1, 2, 255, 256, 257, 700, 65_535, 65_536, 65_537]


@pytest.fixture(scope="session")
def go_check(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of Go that checks a served log."""
    folder = tmp_path_factory.mktemp("go")
    return other_tools.go(folder).build(CLIENTS / "check.go", folder / "check")


@pytest.fixture(scope="session")
def scales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has tlog-scales."""
    return other_tools.tlog_scales(tmp_path_factory.mktemp("scales"))


@pytest.mark.parametrize("size", SIZES)
def test_go_verifies_a_log_of_any_size(size: int, go_check: Path, tmp_path: Path) -> None:
    with serving(votes(size).write(tmp_path / "log", LOG, WITNESSES[0].at(NOON))) as served:
        said = ran(go_check, served.address, LOG.vkey, "let=me in")
    assert said.startswith(f"{size} leaves")
    assert said.endswith(f"{size} entries\n")


def test_go_refuses_what_we_refuse(go_check: Path, tmp_path: Path) -> None:
    with serving(votes(300).write(tmp_path / "log")) as served:
        served.instead["tile/0/000"] = saying(bytes(8192))
        with pytest.raises(AssertionError, match=r"inconsistent tile|invalid transparency proof"):
            ran(go_check, served.address, LOG.vkey, "")
    forged = Paper([*votes(299).entries, entry(9)])
    (tmp_path / "log/checkpoint").write_bytes(forged.note(WITNESSES[0].at(NOON)))
    with serving(tmp_path / "log") as served, pytest.raises(AssertionError, match="signature: "):
        ran(go_check, served.address, LOG.vkey, "")


@pytest.mark.parametrize("size", SIZES)
def test_tlog_scales_verifies_a_log_of_any_size_and_its_witnesses(size: int, scales: Path, tmp_path: Path) -> None:
    witnesses = [witness.vkey for witness in WITNESSES[:2]]
    signers: list[SigningKey] = [LOG, *(witness.at(NOON) for witness in WITNESSES[:2])]
    with serving(votes(size).write(tmp_path / "log", *signers)) as served:
        said = ran(scales, HERE / "tlog_scales_check.py", served.address, LOG.vkey, *witnesses)
        assert said == f"{LOG.name}: {size} leaves, 3 signatures\n"
        # Its command reads an entry and makes a proof in the form of C2SP tlog-proof, which ours verifies.
        command = scales.parent / "tlog-tiles"
        body, proof = tmp_path / "entry", tmp_path / "made.tlog-proof"
        body.write_text(ran(command, "get-leaf", "--check", served.address, "-1"))
        proof.write_text(ran(command, "gen-proof", served.address, "-1"))
    assert body.read_bytes() == entry(size - 1)
    assert "inclusion" in holds(proof, "--entry", body)


@pytest.mark.usefixtures("db")
def test_the_served_log_of_a_running_platform_holds_for_all_three(
    live_platform: LivePlatform, barbara: User, go_check: Path, scales: Path, tmp_path: Path
) -> None:
    plant(700)
    address, cookie = live_platform.url("/log"), signed_in(live_platform, barbara)
    size = published_size(address, at_least=700)
    (key,) = announced_keys()
    keys = tmp_path / "keys"
    keys.write_bytes(fetched(f"{address}/keys"))
    assert keys.read_text() == f"{key.vkey}\n"

    assert int(ran(go_check, address, key.vkey, cookie).split()[0]) >= size
    assert "1 signatures" in ran(scales, HERE / "tlog_scales_check.py", address, key.vkey)
    program = tmp_path / "showdown-verify.pyz"
    program.write_bytes(fetched(f"{address}/verify"))
    ours: list[str | Path] = [other_tools.PYTHON, program, address, "--keys", keys, "--state", tmp_path / "seen.json"]
    assert ran(*ours).endswith("\nholds\n")
    plant(300)
    published_size(address, at_least=size + 300)
    # Reading entries is a look, and each look an entry, so the log has grown in between.
    said = ran(*ours, "--depth", "entries", "--header", f"Cookie: {cookie}")
    assert "it begins with the " in said
    assert said.endswith("\nholds\n")


def signed_in(platform: LivePlatform, person: User) -> str:
    """Sign in by the real form, as a program does; return the session's cookie."""
    jar = http.cookiejar.CookieJar()
    visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = platform.url("/accounts/login/")
    with visitor.open(address, timeout=30) as page:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
    assert token is not None
    form = {"csrfmiddlewaretoken": token[1], "login": person.email, "password": PASSWORD}
    with visitor.open(address, urllib.parse.urlencode(form).encode(), timeout=30) as page:
        assert page.url != address, "the form came back"
    (session,) = (cookie for cookie in jar if cookie.name == settings.SESSION_COOKIE_NAME)
    return f"{session.name}={session.value}"


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - It is the platform of this test.
        data: bytes = answer.read()
    return data


def published_size(address: str, *, at_least: int, seconds: float = 180) -> int:
    """Wait until the log has published this many entries; return how many it has."""
    size, until = 0, time.monotonic() + seconds
    while size < at_least and time.monotonic() < until:
        try:
            size = int(fetched(f"{address}/checkpoint").split(b"\n")[1])
        except OSError:
            size = 0
        time.sleep(0.1)
    assert size >= at_least, f"{size} entries were published within {seconds:g} seconds"
    return size
