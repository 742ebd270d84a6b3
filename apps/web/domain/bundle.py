"""What an auditor takes away: the published log as one .zip, laid out as C2SP tlog-tiles, and how to check it."""

import os
import zipfile
from pathlib import Path
from typing import Final

from apps.audit.domain.checkpoint import Checkpoint

NAME: Final = "log.zip"
# The same checkpoint gives the same bytes, so that two auditors can compare what they were given.
_ALWAYS: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100600 << 16

_README: Final = """\
# The log {origin}, {size} entries

`checkpoint` is the newest head that the log had signed when this was written; all other files are what it is made of.

| file | what it is |
|---|---|
| `checkpoint` | the signed head with its witnesses' signatures (C2SP tlog-checkpoint, signed-note) |
| `keys` | the log's public keys, one a line; compare them with a copy that you did not get from us |
| `policy` | whose signatures a checkpoint needs (C2SP tlog-policy) |
| `tile/...` | the hashes of the tree (C2SP tlog-tiles) |
| `tile/entries/...` | the entries themselves: canonical JSON, each after its length in two bytes |
| `manifests/<sha256>.json` | what each released edition holds; the log's entries name the digests |
| `redraw.py` | draws an auditor's sample again |
| `check.go` | checks all of it with Go's own packages |

Size: {size}. Root: `{root}` (base64, as in the third line of the checkpoint).

## Everything at once

`showdown-verify` (from `/log/verify`, or `clients/verify` of the source) reads every byte of this:

    python3 showdown-verify.pyz log.zip --keys keys

Exit status 0: it holds. 1: it is broken, and where. 2: it could not be checked, and why.

## Without a line of ours

Unpack, and stay in the folder.

The signature, with OpenSSL 3. The text is what stands before the empty line, the public key is the last 32 bytes of the
first line in `keys`, and the signature the last 64 bytes of the first signature line:

    sed '/^$/,$d' checkpoint > text
    head -n 1 keys | cut -d+ -f3- | base64 -d | tail -c 32 > raw
    (printf '302a300506032b6570032100' | xxd -r -p; cat raw) > key.der
    openssl pkey -pubin -inform DER -in key.der -out key.pem
    sed '1,/^$/d' checkpoint | head -n 1 | awk '{{print $NF}}' | base64 -d | tail -c 64 > signature
    openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in text -sigfile signature

The first entry and its place in the tree, with coreutils and jq. A leaf is the hash of a zero byte and the entry, and
the first 32 bytes of the first tile are that of leaf 0; both commands print the same:

    B={first_bundle}; N=$((16#$(head -c 2 $B | xxd -p)))
    tail -c +3 $B | head -c $N | jq .
    (printf '\\0'; tail -c +3 $B | head -c $N) | sha256sum
    head -c 32 {first_tile} | xxd -p -c 32

With Go's own packages `sumdb/note` and `sumdb/tlog` (Debian: golang-go, golang-golang-x-mod-dev): the signature, each
tile, and every entry against its leaf. `check.go` calls them and computes no hash of its own:

    GO111MODULE=off GOPATH=/usr/share/gocode go build -o check check.go
    ./check . "$(head -n 1 keys)"

## A sample again

    python3 redraw.py --event battles.vote_cast --since 2026-09-01T00:00:00Z --until 2026-09-08T00:00:00Z \\
      --size N --cosignature 'LINE' --number K

The sample's page says the five values.
"""


def readme(checkpoint: Checkpoint, *, root: str, first_bundle: str, first_tile: str) -> str:
    """Return the bundle's README for a checkpoint; paths are those of the first bundle and tile in it."""
    return _README.format(
        origin=checkpoint.origin, size=checkpoint.size, root=root, first_bundle=first_bundle, first_tile=first_tile
    )


class BundleWriter:
    """Writes files into a .zip one after another; hashes as they are, everything else packed."""

    def __init__(self, path: Path) -> None:
        # Nobody else can read it, not even while it grows.
        self._file = open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b")  # noqa: SIM115
        self._zip = zipfile.ZipFile(self._file, "w", allowZip64=True)

    def add(self, name: str, data: bytes, *, packed: bool = True) -> None:
        """Add one file."""
        info = zipfile.ZipInfo(name, date_time=_ALWAYS)
        info.external_attr = _MODE
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        self._zip.writestr(info, data, compresslevel=1 if packed else None)

    def close(self) -> None:
        """Write the directory at the end."""
        self._zip.close()
        self._file.close()
