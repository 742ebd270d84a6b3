"""How many edited prompts are found near their originals, and how many others are, by language.

``--write`` tells the first to editions; ``--methods ja ko`` sets what each method of signing finds side by side.

The originals are the demo network's questions. Each is edited in five ways that people edit in: two letters change
places, a word is left out, a word comes twice, a sentence follows, and all of it loses its capitals and marks. An edit
is found as screening finds it: one band in common, and a resemblance of the threshold or more. Everything is counted
and nothing is timed, so the numbers come out the same on every machine. Beside it stand the questions that are called
near although nobody edited one into the other; many of them are of one form and differ in a few words.
"""

import json
import sys
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any, Final

from apps.licensing.domain import near_duplicates
from apps.policy.domain.rulebook import FIRST_EDITION
from apps.prompts.domain.similarity import METHOD, Signing, resemblance
from benchmarks.tables import Section, Table
from showdown.demo.words import Words, all_words

FILE: Final = Path(near_duplicates.__file__).with_name(near_duplicates.FILE)
PROMPTS: Final = 100
_RULE: Final = next(clause.parameters for clause in FIRST_EDITION if clause.number == "P3")
_MARKS: Final = str.maketrans("", "", ".,;:!?¿¡“”«»\"'()。、，？！؟،")  # noqa: RUF001 - They are marks of Chinese and Arabic.

# Written without spaces between words.
_UNSPACED: Final = frozenset({"ja", "km", "lo", "my", "th", "zh"})

Edit = Callable[[str, Random, Words], str]


def _swapped(text: str, chance: Random, _words: Words) -> str:
    at = chance.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _shorter(text: str, chance: Random, words: Words) -> str:
    parts, space = _parts(text, words)
    del parts[chance.randrange(len(parts))]
    return space.join(parts)


def _longer(text: str, chance: Random, words: Words) -> str:
    parts, space = _parts(text, words)
    at = chance.randrange(len(parts))
    return space.join([*parts[: at + 1], *parts[at:]])


def _followed(text: str, chance: Random, words: Words) -> str:
    return f"{text} {min(chance.sample(words.manners, 2), key=len)}"


def _plain(text: str, _chance: Random, _words: Words) -> str:
    return text.translate(_MARKS).lower()


EDITS: Final[Mapping[str, Edit]] = {
    "two letters swapped": _swapped,
    "a word left out": _shorter,
    "a word twice": _longer,
    "a sentence added": _followed,
    "no capitals, no marks": _plain,
}


def _parts(text: str, words: Words) -> tuple[list[str], str]:
    """Return a text's words and what stands between them; two letters where words are not set apart."""
    if words.language in _UNSPACED:
        return [text[at : at + 2] for at in range(0, len(text), 2)], ""
    return text.split(), " "


def questions(words: Words, *, count: int) -> list[str]:
    """Return some questions of the demo network in one language."""
    chance = Random(f"twins in {words.language}")
    asked = []
    for _number in range(count):
        topic = chance.choice(words.topics)
        asked.append(chance.choice(topic.ask).format(a=chance.choice(topic.a), b=chance.choice(topic.b)))
    return asked


def signing_by(method: int = METHOD) -> Signing:
    """Return the signing of the first edition's numbers."""
    return Signing(permutations=_RULE["permutations"], bands=_RULE["bands"], shingle=_RULE["shingle"], method=method)


def found_in(words: Words, *, count: int = PROMPTS, method: int = METHOD) -> dict[str, int]:
    """Return how many of so many edits of each kind were found in one language."""
    signing = signing_by(method)
    chance = Random(f"edits in {words.language}")
    found = dict.fromkeys(EDITS, 0)
    for text in questions(words, count=count):
        original = signing.sign(text)
        keys = signing.band_keys(original)
        for name, edit in EDITS.items():
            edited = signing.sign(edit(text, chance, words))
            shares_a_band = any(map(int.__eq__, keys, signing.band_keys(edited)))
            found[name] += shares_a_band and resemblance(original, edited) >= _RULE["near_jaccard"]
    return found


def called_near(words: Words, *, count: int = PROMPTS, method: int = METHOD) -> tuple[int, int]:
    """Return how many pairs of different questions are called near in one language, and how many pairs there are."""
    signing = signing_by(method)
    signed = [signing.sign(text) for text in sorted(set(questions(words, count=count)))]
    keyed = [(values, signing.band_keys(values)) for values in signed]
    near = sum(
        any(map(int.__eq__, keys, others)) and resemblance(values, other) >= _RULE["near_jaccard"]
        for (values, keys), (other, others) in combinations(keyed, 2)
    )
    return near, len(signed) * (len(signed) - 1) // 2


def measured(*, count: int = PROMPTS) -> dict[str, dict[str, int]]:
    """Return the counts of every language by its code."""
    return {language: found_in(words, count=count) for language, words in all_words().items()}


def written_down(counts: Mapping[str, Mapping[str, int]], *, count: int = PROMPTS) -> dict[str, Any]:
    """Return what editions say about the algorithm."""
    signing = signing_by()
    tried = count * len(EDITS)
    return {
        "algorithm": signing.algorithm,
        "measured_on": f"{count} invented prompts in each language, each edited in {len(EDITS)} ways "
        f"({', '.join(EDITS)}); not on prompts that people wrote",
        "recall_per_mille": {language: round(1000 * sum(found.values()) / tried) for language, found in counts.items()},
        "threshold": str(_RULE["near_jaccard"]),
    }


def run(quick: bool) -> Table:
    """Count in every language."""
    count = 10 if quick else PROMPTS
    counts = measured(count=count)
    return Table(
        heads=("language", *EDITS, "all"),
        rows=tuple(
            (
                language,
                *(f"{found[name] / count:.0%}" for name in EDITS),
                f"{sum(found.values()) / count / len(EDITS):.1%}",
            )
            for language, found in counts.items()
        ),
        notes=(f"Of {count} invented prompts in each language, the share of edits that screening would have found.",),
    )


SECTION: Final = Section(name="twins", title="Finding near-duplicates", run=run)


def compared(*languages: str) -> str:
    """Return as a table of Markdown what each method finds in some languages, and what it calls near by mistake."""
    lines = ["| language | method | edits found | other pairs called near |", "| --- | --: | --: | --: |"]
    for language in languages:
        words = all_words()[language]
        for method in range(1, METHOD + 1):
            found = sum(found_in(words, method=method).values()) / PROMPTS / len(EDITS)
            near, pairs = called_near(words, method=method)
            lines.append(f"| {language} | {method} | {found:.1%} | {near} of {pairs:,} ({near / pairs:.2%}) |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--methods"]:
        sys.stdout.write(compared(*sys.argv[2:]))
        sys.exit()
    text = json.dumps(written_down(measured()), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    if "--write" in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
