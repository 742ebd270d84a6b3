"""The witness's own key: made on the first start, readable by its owner alone, and never replaced."""

import stat
from pathlib import Path
from typing import Final

from showdown_verify.note import Cosigner, InvalidNote, parse_skey
from showdown_witness import durable
from showdown_witness.obstacle import Obstacle

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def key_path(folder: Path) -> Path:
    """Return where the key lies."""
    return folder / "key"


def load_or_make(folder: Path, name: str) -> Cosigner:
    """Return the key in the folder; the first time, make one under this name.

    Raises ``Obstacle`` when others can read it, when it is damaged, or when it has another name than was asked for.
    """
    path = key_path(folder)
    if not path.exists():
        if not name:
            raise Obstacle("A new witness needs a name, such as witness.example.org/w1: give --name.")
        try:
            made = Cosigner.generate(name)
        except InvalidNote as error:
            raise Obstacle(f"{name!r} cannot be a witness's name ({error}).") from error
        durable.create(path, f"{made.skey}\n".encode())
    return _load(path, name)


def _load(path: Path, name: str) -> Cosigner:
    try:
        if path.stat().st_mode & _OTHERS:
            raise Obstacle(f"Others can read {path}. If nobody did: chmod 600 {path}. If somebody may have, retire it.")
        cosigner = parse_skey(path.read_text().strip())
    except OSError as error:
        raise Obstacle(f"{path} cannot be read ({error.strerror}).") from error
    except ValueError:
        # The message may quote the key, so it goes no further.
        cosigner = None
    if not isinstance(cosigner, Cosigner):
        raise Obstacle(f"{path} holds no key of a witness. Bring the file back.")
    if name and cosigner.name != name:
        raise Obstacle(f"The key in {path} is {cosigner.name}, not {name}; another witness needs a folder of its own.")
    return cosigner
