"""Run by a Python that has tlog-scales and nothing of ours: checks a served log with its classes.

Usage: tlog_scales_check.py ADDRESS VKEY [WITNESS-VKEY …]; prints what was checked.
"""

import sys

from tlog_scales import backend, signing
from tlog_scales.reader import TilesReader


def main(address: str, *vkeys: str) -> None:
    """Check signatures, the root, inclusion and consistency all over the log."""
    reader = TilesReader(backend.make_backend(address))
    checkpoint = reader.get_checkpoint()
    for vkey in vkeys:
        checkpoint.verify(signing.Vkey.from_string(vkey))
    assert reader.calculate_root_hash() == checkpoint.root_hash
    for index in range(0, checkpoint.size, 1 + checkpoint.size // 300):
        leaf = reader.mth(index, index + 1)
        reader.get_inclusion_proof(index, checkpoint.size).check(leaf, checkpoint.root_hash)
    for old in range(1, checkpoint.size + 1, 1 + checkpoint.size // 100):
        proof = reader.get_consistency_proof(old, checkpoint.size)
        proof.check(reader.mth(0, old), checkpoint.root_hash)
    sys.stdout.write(f"{checkpoint.origin}: {checkpoint.size} leaves, {len(vkeys)} signatures\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
