"""A board as text for people: a table that fits its terminal, with each interval drawn on one common axis."""

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from apps.rankings.domain.board import BoardResult, RankedModel
from apps.rankings.domain.method import CENTRE, MICRO

NARROWEST: Final = 24
_LONGEST_NAME: Final = 24
_SHORTEST_NAME: Final = 8
_DRAWN_AT_LEAST: Final = 12
_DRAWN_AT_MOST: Final = 40
_GAP: Final = 2
#: From here on decimals say nothing.
_WHOLE: Final = 100


@dataclass(frozen=True, slots=True)
class Strokes:
    """The characters of a drawn interval: left end, line, right end, the rating itself, and what stands for a cut."""

    left: str
    line: str
    right: str
    middle: str
    cut: str
    dash: str
    plus: str


UNICODE: Final = Strokes("├", "─", "┤", "●", "…", "\u2013", "±")
ASCII: Final = Strokes("|", "-", "|", "o", "~", "-", "+-")


def board_text(board: BoardResult, *, title: str, width: int, strokes: Strokes = UNICODE) -> str:
    """Return the board as text of at most ``width`` columns (at least 24): title, method, table, remarks."""
    width = max(width, NARROWEST)
    lines = [_cut(_plain(title), width, strokes), ""]
    if board.models:
        lines += [*_wrapped(_method_sentence(board), width), "", *_table(board, width, strokes)]
    else:
        lines += _wrapped(board.why_empty or "Nothing can be ranked.", width)
    remarks = _remarks(board, strokes)
    if remarks:
        lines.append("")
        for remark in remarks:
            lines += _wrapped(remark, width)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _table(board: BoardResult, width: int, strokes: Strokes) -> list[str]:
    columns = {
        "rank": [str(line.rank) for line in board.models],
        "spread": [_spread(line, strokes) for line in board.models],
        "model": [_plain(line.model) for line in board.models],
        "score": [f"{line.rating / MICRO:.0f}" for line in board.models],
        strokes.plus: [_half(line) for line in board.models],
        "votes": [f"{line.votes:,}" for line in board.models],
        "people": [f"{line.contributors:,}" for line in board.models],
    }
    if board.why_no_intervals:
        del columns["spread"], columns[strokes.plus]
    if not board.contributors:
        del columns["people"]
    drawn = board.why_no_intervals is None
    # What a narrow terminal does without, the dearest last.
    for sacrifice in ("people", "votes", "", strokes.plus, "spread"):
        if _left_over(columns, width) >= (_DRAWN_AT_LEAST + _GAP if drawn else 0):
            break
        drawn = drawn and bool(sacrifice)
        columns.pop(sacrifice, None)
    room = _left_over(columns, width)
    name_width = min(max(map(_width, columns["model"])), _LONGEST_NAME)
    if room < 0:
        name_width = max(_SHORTEST_NAME, min(name_width, width - _others(columns)))
    if drawn:
        drawing = min(room - _GAP, _DRAWN_AT_MOST)
        axis = _axis(board)
        columns = _inserted(columns, "95 %", [_drawn(line, axis, drawing, strokes) for line in board.models])
    widths = {head: max(map(_width, [head, *cells])) for head, cells in columns.items()}
    widths["model"] = max(name_width, len("model"))
    left = {"model", "95 %"}
    rows = [list(columns), *map(list, zip(*columns.values(), strict=True))]
    return [
        _cut(
            (" " * _GAP).join(
                _padded(_cut(cell, widths[head], strokes), widths[head], left=head in left)
                for head, cell in zip(columns, row, strict=True)
            ),
            width,
            strokes,
        )
        for row in rows
    ]


def _inserted(columns: dict[str, list[str]], head: str, cells: list[str]) -> dict[str, list[str]]:
    """Put the drawing after the numbers that it draws."""
    before = [name for name in columns if name not in {"votes", "people"}]
    after = [name for name in columns if name in {"votes", "people"}]
    return {**{name: columns[name] for name in before}, head: cells, **{name: columns[name] for name in after}}


def _others(columns: dict[str, list[str]]) -> int:
    return sum(max(map(_width, [head, *cells])) + _GAP for head, cells in columns.items() if head != "model")


def _left_over(columns: dict[str, list[str]], width: int) -> int:
    name = min(max(map(_width, ["model", *columns["model"]])), _LONGEST_NAME)
    return width - _others(columns) - name


def _axis(board: BoardResult) -> tuple[float, float]:
    low = min(line.rating if line.lower is None else line.lower for line in board.models)
    high = max(line.rating if line.upper is None else line.upper for line in board.models)
    return low, max(high, low + 1)


def _drawn(line: RankedModel, axis: tuple[float, float], width: int, strokes: Strokes) -> str:
    def place(value: float) -> int:
        return round((value - axis[0]) / (axis[1] - axis[0]) * (width - 1))

    cells = [" "] * width
    if line.lower is not None and line.upper is not None:
        begin, end = place(line.lower), place(line.upper)
        cells[begin : end + 1] = strokes.line * (end + 1 - begin)
        cells[begin], cells[end] = strokes.left, strokes.right
    cells[place(line.rating)] = strokes.middle
    return "".join(cells)


def _spread(line: RankedModel, strokes: Strokes) -> str:
    return f"{line.rank_low}{strokes.dash}{line.rank_high}"


def _half(line: RankedModel) -> str:
    return "" if line.lower is None or line.upper is None else f"{(line.upper - line.lower) / 2 / MICRO:.0f}"


def _method_sentence(board: BoardResult) -> str:
    chosen = board.parameters
    anchor = chosen.get("anchor") if chosen.get("anchor_used") else None
    fixed = f"{_plain(anchor['model'])} = {anchor['rating']:g}" if isinstance(anchor, dict) else f"mean = {CENTRE:g}"
    ties = {"half": "ties count half a win each", "drop": "ties dropped", "drop-both-bad": "both-bad dropped"}
    parts = ["Bradley-Terry on the Elo scale", fixed, ties[str(chosen["ties"])]]
    if chosen["style"]:
        parts.append(f"style controlled ({', '.join(effect.name for effect in board.style) or 'no column left'})")
    if chosen["cap"] is not None:
        parts.append(f"nobody above {chosen['cap']:.3g} of the weight")
    sentence = "; ".join(parts) + "."
    if board.why_no_intervals:
        return sentence
    return (
        f"{sentence} Intervals ({chosen['intervals']}) hold for one model's distance to the mean; "
        "the spread of ranks holds for all models at once."
    )


def _remarks(board: BoardResult, strokes: Strokes) -> list[str]:
    remarks = []
    for effect in board.style:
        half = ""
        if effect.lower is not None and effect.upper is not None:
            half = f" {strokes.plus} {(effect.upper - effect.lower) / 2 / MICRO:.1f}"
        unit = "for standing left" if effect.name == "position" else f"for every {_amount(effect.scale)} more"
        remarks.append(f"{_plain(effect.name)}: {effect.coefficient / MICRO:.1f}{half} points {unit}")
    if board.models and board.why_no_intervals:
        remarks.append(f"No intervals: {board.why_no_intervals}")
    remarks += [f"Not ranked: {_plain(model.model)} {model.why.sentence}." for model in board.unranked]
    if board.left_out:
        gone = ", ".join(f"{number:,} {reason}" for reason, number in board.left_out.items())
        remarks.append(f"Left out: {gone}.")
    return remarks + [_plain(note) for note in board.notes]


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= _WHOLE else f"{value:.3g}"


def _wrapped(sentence: str, width: int) -> Sequence[str]:
    return textwrap.wrap(sentence, width, subsequent_indent="  ") or [""]


def _plain(name: str) -> str:
    """Return a name without characters that move the cursor or turn the line around."""
    return "".join("?" if unicodedata.category(character) in _UNSEEN else character for character in name)


_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _cut(text: str, width: int, strokes: Strokes) -> str:
    if _width(text) <= width:
        return text
    kept = ""
    for character in text:
        if _width(kept + character) >= width:
            break
        kept += character
    return kept + strokes.cut


def _padded(text: str, width: int, *, left: bool) -> str:
    blank = " " * (width - _width(text))
    return text + blank if left else blank + text
