"""The words that contributors agree to, in their first version; a migration writes them into the database.

A word changed is a new version with a new hash: nobody agrees to what they have not read.
"""

import hashlib
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWords:
    """One text of one kind of consent, in one version and language."""

    kind: str
    version: int
    language: str
    title: str
    text: str

    @property
    def sha256(self) -> str:
        """The hash under which the log names these words."""
        return sha256_of(title=self.title, text=self.text)


def sha256_of(*, title: str, text: str) -> str:
    """Return SHA-256 over the title, an empty line and the text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(f"{title}\n\n{text}".encode()).hexdigest()


FIRST_VERSION: Final[tuple[ConsentWords, ...]] = (
    ConsentWords(
        kind="participation",
        version=1,
        language="en",
        title="I take part",
        text=(
            "I write prompts, read two answers without knowing which models wrote them, and say which is better.\n"
            "\n"
            "Each prompt goes to the two providers whose models answer it, and they can read it. Moderators may read "
            "it as well; they see a pseudonym, never my name or my address.\n"
            "\n"
            "My country, languages, profession, age band and education are counted in the rankings together with "
            "those of many others, and never shown on their own. Each vote is an entry of a log that anybody can "
            "check; the entry proves that I voted and does not show how.\n"
            "\n"
            "I can stop whenever I want. From then on I submit and vote on nothing new. The votes that I have cast "
            "keep counting, under a random number that does not name me."
        ),
    ),
    ConsentWords(
        kind="publication",
        version=1,
        language="en",
        title="My votes may be published",
        text=(
            "My votes may stand in data sets that are published for everybody, at no price: who was compared, what "
            "was chosen, and broad groups instead of exact traits. The texts of prompts and answers are not in "
            "them.\n"
            "\n"
            "This happens when at least 60 days have passed since anybody last used the prompt or one that "
            "resembles it, and only where at least ten contributors share every combination of traits.\n"
            "\n"
            "I can say no and take part all the same. I can take this back whenever I want: data sets that are made "
            "from then on do not hold my votes. What is already public stays public, because copies cannot be "
            "fetched back."
        ),
    ),
    ConsentWords(
        kind="licensing",
        version=1,
        language="en",
        title="My prompts and votes may be licensed",
        text=(
            "My prompts, and my votes with both answers, may stand in data sets that organizations buy in order to "
            "study or improve language models. The money pays for the arena.\n"
            "\n"
            "This happens when at least 60 days have passed since anybody last used the prompt or one that "
            "resembles it, when everybody concerned has agreed, under a pseudonym that differs for each buyer, and "
            "only where at least ten contributors share every combination of traits. We do not promise that an old "
            "prompt resembles nothing that is asked today; we publish how much it does.\n"
            "\n"
            "I can say no and take part all the same. I can take this back whenever I want: what has not yet been "
            "handed over leaves me out, even when it is already announced, and buyers who hold my rows are told "
            "that I took it back."
        ),
    ),
)
