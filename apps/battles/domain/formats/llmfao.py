"""The format llmfao: crowd-comparisons.csv, with models, prompts and replies in JSONL files beside it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from apps.battles.domain.formats.rows import BadRow, BattleRow, Reading, UnreadableFile, Winner
from apps.battles.domain.formats.tables import Record, json_lines, open_table
from apps.battles.domain.formats.text import Lines
from apps.battles.domain.formats.values import UnfitValue, name, number, shown, text

NAME: Final = "llmfao"
COLUMNS: Final = ("id", "prompt", "model_x", "model_y", "worker", "winner", "left", "right")

_WINNERS: Final = {"left": Winner.MODEL_A, "right": Winner.MODEL_B, "tie": Winner.TIE}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What the files beside the comparisons know, by id; empty where a file is not there."""

    models: dict[str, str] = field(default_factory=dict)
    prompts: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    replies: dict[tuple[str, str], tuple[str | None, float | None]] = field(default_factory=dict)


def read_llmfao(path: Path, latest: datetime | None = None) -> Reading:
    """Read the comparisons and join what stands beside them; raises ``UnreadableFile``.

    ``left`` and ``right`` name the models ``model_x`` and ``model_y`` as the worker saw them; the worker is the voter.
    The number of both sides is the reply's ``duration`` in milliseconds. There are no dates for ``latest`` to judge.
    """
    table = open_table(path).need(COLUMNS, format_name=NAME)
    beside = _read_beside(path.parent)

    def found() -> Iterator[BattleRow | BadRow]:
        for record in table.records:
            yield record if isinstance(record, BadRow) else _battle(record, beside)

    return Reading(path=path, format_name=NAME, source=table.source, found=found())


def _battle(record: Record, beside: _Beside) -> BattleRow | BadRow:
    try:
        values = {column: (text(record.values.get(column), column) or "").strip() for column in COLUMNS}
        left, right = name(values["left"], "left"), name(values["right"], "right")
        if left == right:
            raise UnfitValue(f"the model {shown(left)} stands against itself")
        for column, side in (("model_x", left), ("model_y", right)):
            known = beside.models.get(values[column])
            if known is not None and known != side:
                raise UnfitValue(f"{column} {values[column]} is {shown(known)} in models.jsonl and not {shown(side)}")
        if values["winner"] not in _WINNERS:
            raise UnfitValue(f"the winner is {shown(values['winner'])} and not one of {', '.join(_WINNERS)}")
    except UnfitValue as unfit:
        return BadRow(record.line, str(unfit))
    prompt, category = beside.prompts.get(values["prompt"], (None, None))
    response_a, duration_a = beside.replies.get((values["model_x"], values["prompt"]), (None, None))
    response_b, duration_b = beside.replies.get((values["model_y"], values["prompt"]), (None, None))
    timed = duration_a is not None and duration_b is not None
    return BattleRow(
        model_a=left,
        model_b=right,
        winner=_WINNERS[values["winner"]],
        line=record.line,
        voter=values["worker"] or None,
        prompt=prompt,
        response_a=response_a,
        response_b=response_b,
        category=category,
        left_first=True,
        numbers={"duration": (duration_a or 0.0, duration_b or 0.0)} if timed else {},
        extra={"id": values["id"], "prompt_id": values["prompt"], "worker": values["worker"]},
    )


def _read_beside(folder: Path) -> _Beside:
    beside = _Beside()
    for values in _objects(folder / "models.jsonl"):
        beside.models[str(values.get("id"))] = str(values.get("name"))
    for values in _objects(folder / "prompts.jsonl"):
        beside.prompts[str(values.get("id"))] = (text(values.get("text"), "text"), text(values.get("type"), "type"))
    for values in _objects(folder / "results.jsonl"):
        reply = values.get("result")
        # A reply of blanks alone is a reply, as long as it is.
        words = text(reply, "result") or (reply if isinstance(reply, str) else "")
        key = (str(values.get("model")), str(values.get("prompt")))
        beside.replies[key] = (words, number(values.get("duration")))
    return beside


def _objects(path: Path) -> Iterator[dict[str, object]]:
    if not path.exists():
        return
    for record in json_lines(Lines(path)):
        if isinstance(record, BadRow):
            raise UnreadableFile(f"{path}: {record}.")
        yield dict(record.values)
