#!/usr/bin/env python3
"""Draw an auditor's sample again from a bundle of the log; Python's standard library is all it needs.

    python3 redraw.py [BUNDLE] --event NAME --since TIME --until TIME --size N --seed HEX --number K

BUNDLE is the unpacked folder (the one this program lies in when left out). Of the first N entries, those of the event
with since <= time < until are the population. Each gets a ticket, SHA-256 over the seed (32 bytes) and its leaf index
(8 bytes, most significant first); the K lowest are the sample. The seed is the SHA-256 of the bytes that the base64 at
the end of the witness's signature line holds (--cosignature LINE
instead of --seed). Times are written as 2026-09-14T12:00:00Z.

Whether the bundle is the log that was signed is for showdown-verify to say.
"""

import argparse
import base64
import hashlib
import heapq
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

WIDTH = 256


def bundle_path(index: int, width: int) -> str:
    """Return where a bundle of entries lies (C2SP tlog-tiles): three digits a folder, all but the last after an x."""
    digits = f"{index:0{(len(str(index)) + 2) // 3 * 3}d}"
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    spelt = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/entries/{spelt}" + (f".p/{width}" if width < WIDTH else "")


def entries(folder: Path, size: int) -> Iterator[bytes]:
    """Yield the first ``size`` entries; where only a wider bundle is left, the beginning of that one."""
    for index in range((size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - index * WIDTH)
        path = folder / bundle_path(index, width)
        if not path.exists():
            path = widest(folder, index, width)
        data, at = path.read_bytes(), 0
        for _entry in range(width):
            length = int.from_bytes(data[at : at + 2], "big")
            yield data[at + 2 : at + 2 + length]
            at += 2 + length


def widest(folder: Path, index: int, width: int) -> Path:
    """Return a bundle of at least this width."""
    full = folder / bundle_path(index, WIDTH)
    wider = [path for path in Path(f"{full}.p").glob("*") if path.name.isdecimal() and int(path.name) >= width]
    if full.exists() or not wider:
        return full
    return max(wider, key=lambda path: int(path.name))


def moment(text: str) -> datetime:
    """Read a time in UTC, with or without its fraction."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", text):
        raise argparse.ArgumentTypeError("a time reads like 2026-09-14T12:00:00Z")
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)


def seed(text: str) -> bytes:
    """Read a seed of 32 bytes in hexadecimal digits."""
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError("a seed has 64 hexadecimal digits")
    return bytes.fromhex(text)


def seed_of(line: str) -> bytes:
    """Return the seed that a witness's signature line gives."""
    try:
        return hashlib.sha256(base64.b64decode(line.rsplit(maxsplit=1)[-1], validate=True)).digest()
    except (ValueError, IndexError):
        raise argparse.ArgumentTypeError("a signature line ends with base64") from None


def main() -> int:
    """Print the drawn leaves, lowest ticket first."""
    parser = argparse.ArgumentParser(description="Draw an auditor's sample again from a bundle of the log.")
    parser.add_argument("bundle", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--event", required=True)
    parser.add_argument("--since", required=True, type=moment)
    parser.add_argument("--until", required=True, type=moment)
    parser.add_argument("--size", required=True, type=int)
    parser.add_argument("--number", required=True, type=int)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--seed", type=seed)
    given.add_argument("--cosignature", type=seed_of, dest="seed")
    asked = parser.parse_args()
    population = []
    try:
        for index, body in enumerate(entries(asked.bundle, asked.size)):
            # Reading every entry as JSON takes ten times as long as looking for the name first.
            if asked.event.encode() in body:
                entry = json.loads(body)
                if entry["event"] == asked.event and asked.since <= moment(entry["at"]) < asked.until:
                    population.append(index)
    except OSError as error:
        sys.stderr.write(f"The bundle holds no log of {asked.size} entries: {error}\n")
        return 2
    drawn = heapq.nsmallest(
        asked.number, population, key=lambda index: hashlib.sha256(asked.seed + index.to_bytes(8, "big")).digest()
    )
    digest = hashlib.sha256(b"".join(index.to_bytes(8, "big") for index in sorted(drawn))).hexdigest()
    sys.stdout.write(f"{len(drawn)} of {len(population)} entries, digest of the drawn leaves {digest}\n")
    sys.stdout.write("".join(f"{index}\n" for index in drawn))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
