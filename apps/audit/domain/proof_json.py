"""The proof of one entry as JSON, as pages hand it out and ``showdown-verify`` reads it."""

import base64
from collections.abc import Sequence
from typing import Final

FORMAT: Final = "showdown-inclusion-proof/1"


def proof_json(
    *,
    entry: bytes,
    leaf_index: int,
    leaf_hash: bytes,
    proof: Sequence[bytes],
    size: int,
    root: bytes,
    checkpoint: bytes | None,
) -> dict[str, object]:
    """Return the document: hashes (32 bytes) in hexadecimal digits, the entry in base64, the checkpoint's note as text.

    Without a ``checkpoint`` the proof leads to a root that nobody has signed yet.
    """
    document: dict[str, object] = {
        "format": FORMAT,
        "entry": base64.b64encode(entry).decode(),
        "leaf_index": leaf_index,
        "leaf_hash": leaf_hash.hex(),
        "proof": [value.hex() for value in proof],
        "size": size,
        "root": root.hex(),
    }
    return document if checkpoint is None else document | {"checkpoint": checkpoint.decode()}
