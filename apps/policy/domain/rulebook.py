"""The first edition of the rulebook: every clause with its words and its numbers.

A migration writes it into the database; later editions are rows that two people adopt. A number stands here, and
not in the settings, when changing it would need a public explanation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseText:
    """One clause as it reads under one version of the rulebook."""

    number: str
    title: str
    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


SUBJECTS: Final[Mapping[str, str]] = {
    "A": "Taking part",
    "P": "Prompts",
    "B": "Battles and votes",
    "R": "Rankings",
    "I": "Integrity of votes",
    "W": "The wall",
    "M": "Moderation and appeals",
    "L": "The log",
    "G": "Reading",
}

FIRST_EDITION: Final[tuple[ClauseText, ...]] = (
    ClauseText(
        number="A1",
        title="Adults, in their own words",
        text="You are at least 18 years old, you have one account, and what you declare about yourself is true.",
        parameters={"minimum_age": 18},
    ),
    ClauseText(
        number="P1",
        title="A clean prompt enters the pool at once",
        text="A prompt on which screening finds nothing is approved by this rule. A person reads every one of a "
        "newcomer's first five afterwards, and one in twenty of all others.",
        parameters={"newcomer_first": 5, "sample_share": 0.05},
    ),
    ClauseText(
        number="P2",
        title="No personal data",
        text="A prompt names no private person and holds no address, telephone number, account or identity number. "
        "Ask the same question about an invented person.",
    ),
    ClauseText(
        number="P3",
        title="A prompt of your own",
        text="A prompt does not repeat another contributor's. Near-duplicates share one cluster, and what is learnt "
        "about one is known about all.",
        parameters={"near_jaccard": 0.7, "permutations": 128, "bands": 32, "shingle": 5, "max_candidates": 200},
    ),
    ClauseText(
        number="P4",
        title="Do not ask the models who they are",
        text="A prompt does not try to make a model name itself or its maker: votes are cast blind.",
    ),
    ClauseText(
        number="P5",
        title="Nothing unlawful or cruel",
        text="A prompt does not ask for help with harming people, and does not demean them. Only a person decides "
        "this, and says why.",
    ),
    ClauseText(
        number="P6",
        title="Neither too short nor too long",
        text="A prompt has at least 3 and at most 8,000 characters. Very short ones form no cluster with others.",
        parameters={"min_characters": 3, "max_characters": 8000, "cluster_min_characters": 12},
    ),
    ClauseText(
        number="P7",
        title="In the language that you declare",
        text="A prompt is written in the language under which it is submitted; where the two seem to differ, "
        "a person looks.",
        parameters={"min_characters": 20, "min_confidence": 0.6},
    ),
    ClauseText(
        number="P8",
        title="Readable text",
        text="A prompt is text that people can read: no control characters, no encoded payload.",
    ),
    ClauseText(
        number="B1",
        title="One battle, one vote",
        text="Each battle gets one vote, by the contributor to whom it was shown, once both answers are whole.",
    ),
    ClauseText(
        number="B2",
        title="Battles expire",
        text="A battle on which nobody voted closes after 24 hours. Answers that did not arrive within ten minutes "
        "will not arrive.",
        parameters={"hours": 24, "answer_minutes": 10},
    ),
    ClauseText(
        number="B3",
        title="Nobody votes on their employer",
        text="A contributor is never shown a model of an organization that employs them, nor of its owners or of "
        "what it owns.",
    ),
    ClauseText(
        number="B4",
        title="Half a battle is none",
        text="When an answer fails, stalls, or names its maker, the battle is void and counts for nobody.",
    ),
    ClauseText(
        number="B5",
        title="A day's work",
        text="A contributor opens at most 200 battles within 24 hours.",
        parameters={"per_day": 200},
    ),
    ClauseText(
        number="R1",
        title="How models are rated",
        text="Bradley-Terry by maximum likelihood on the Elo scale; the mean of the ranked models is 1000. Both good "
        "and both bad count half a win for each side. The styled board adjusts for length, headers, lists, bold "
        "and position. Votes count as their pairs were drawn; beside it stands a board under uniform opponents, on "
        "which no vote weighs more than five times what it would.",
        parameters={
            "anchor": 1000,
            "ties": "half",
            "style": ["tokens", "headers", "lists", "bold"],
            "weight_cap": None,
            "network_cap": None,
            "target": "as-drawn",
            "trim": 5.0,
            "seed": 20260902,
        },
    ),
    ClauseText(
        number="R2",
        title="Small boards stay hidden",
        text="A board is shown when at least 10 contributors stand behind it, their effective number is 6 or more, and "
        "what any listed board around it holds besides has nobody in it or at least 10 contributors. It changes only "
        "when at least 10 contributors' votes changed since it was last published; else it stays, with its date. There "
        "are boards by one attribute and by the pairs that are listed, and no others.",
        parameters={
            "min_contributors": 10,
            "min_effective": 6,
            "min_changed": 10,
            "attributes": ["country", "language", "profession", "age_band", "education", "category", "proof"],
            "pairs": [
                ["country", "age_band"],
                ["country", "education"],
                ["language", "age_band"],
                ["language", "education"],
                ["language", "category"],
            ],
        },
    ),
    ClauseText(
        number="R3",
        title="Provisional ratings say so",
        text="A rating with fewer than 300 votes or 30 contributors, without an interval, or with one wider than 50 "
        "points to either side is marked provisional.",
        parameters={"min_votes": 300, "min_contributors": 30, "max_half_width": 50},
    ),
    ClauseText(
        number="I1",
        title="Votes are cast with care",
        text="A contributor whose votes fit the others' no better than a coin, or suspiciously far beyond chance, is "
        "looked at by a person. Only a person leaves votes out, with a reason and an appeal.",
        parameters={"alpha": 0.001, "min_votes": 30, "draws": 20000},
    ),
    ClauseText(
        number="W1",
        title="Live data is never sold",
        text="Nothing of a prompt, nor of its near-duplicates, leaves the platform until 60 days after the last live "
        "event on any of them. No later version lowers the 60.",
        parameters={"min_age_days": 60},
    ),
    ClauseText(
        number="W2",
        title="Only what everybody agreed to",
        text="The prompt's author and the voter consent to licensing, when the battle was fought and now, and the "
        "terms of both models' endpoints allow passing their answers on. Unknown means no.",
    ),
    ClauseText(
        number="W3",
        title="Nothing excluded, withdrawn or unscreened",
        text="A release holds no excluded vote, no withdrawn prompt and no text that screening has not read.",
    ),
    ClauseText(
        number="W4",
        title="Four people",
        text="Whoever asks, whoever builds and the two who approve are four different people.",
        parameters={"approvals": 2},
    ),
    ClauseText(
        number="W5",
        title="Nobody tied decides, and those on the board wait",
        text="Nobody approves what a licensee gets whose own ties lead to it, or to a final recipient, through "
        "ownership and employment between organizations, at any distance. If a licensee or a final recipient, or "
        "anybody tied to one in any way at any distance, has a model on the board, everything in the release is at "
        "least 180 days past its last live event, and all editions open together.",
        parameters={"hold_back_days": 180},
    ),
    ClauseText(
        number="W6",
        title="Three days in the open",
        text="Between the last approval and the opening of a release lie 72 hours with a public notice. An objection "
        "on an admissible ground stops it until two people have decided, within 5 days and with a public reason.",
        parameters={"hours": 72, "objection_days": 5},
    ),
    ClauseText(
        number="W7",
        title="Ten of a kind",
        text="In every released combination of country, language, profession, age band and education there are at "
        "least 10 contributors, over all releases to all licensees. What is made coarser comes in one order, and a "
        "person is made coarser once, the same for everybody, for good.",
        parameters={"k": 10, "order": ["country", "profession", "education", "age_band", "language"]},
    ),
    ClauseText(
        number="W8",
        title="Other names for every licensee",
        text="A licensee's copy names people and rows under a key of that licensee alone. Texts are the same in every "
        "copy, so rows can be joined across licensees, and clause W7 counts on that.",
    ),
    ClauseText(
        number="W9",
        title="Tightened at once, loosened after thirty days",
        text="Two people change this book. The database compares each change with the version before: a number that "
        "moves to its safer side holds at once, anything else after 30 days in public. A release is judged by the "
        "version it was drafted under and by the one in force, and the stricter counts; so does the stricter of a "
        "clause's words and its numbers. No later version lowers the 30.",
        parameters={"loosening_days": 30},
    ),
    ClauseText(
        number="W10",
        title="Signed before it can be fetched",
        text="No file of a release has an address before a signed checkpoint of the log covers it. Every download is "
        "checked anew and is an entry of the log.",
    ),
    ClauseText(
        number="W11",
        title="What is taken back leaves",
        text="Rows that were withdrawn or erased are in no later copy. Licensees who have them get a signed notice "
        "with a deadline of 30 days, or of 5 when it is urgent, and confirm. After 14 more days without an answer "
        "people act.",
        parameters={"notice_days": 30, "urgent_days": 5, "escalation_days": 14},
    ),
    ClauseText(
        number="W12",
        title="Every copy is counted",
        text="Deliveries to a licensee are numbered without gaps. Every file read from the releases' storage is "
        "matched with them daily, and one that fits no delivery is an incident.",
    ),
    ClauseText(
        number="M1",
        title="You can appeal",
        text="A decision against you can be appealed once, within 184 days.",
        parameters={"days": 184},
    ),
    ClauseText(
        number="M2",
        title="Somebody else looks again",
        text="An appeal is decided by a person who did not make the decision.",
    ),
    ClauseText(
        number="M3",
        title="A case is lent for a while",
        text="A moderator who takes a case has it for 15 minutes and can extend it.",
        parameters={"minutes": 15},
    ),
    ClauseText(
        number="M4",
        title="How long people wait",
        text="Prompts are decided within 24 hours, findings within 72, appeals within 120, and afterwards-readings "
        "within a week.",
        parameters={"prompt": 24, "finding": 72, "appeal": 120, "release": 48, "sample": 168},
    ),
    ClauseText(
        number="L1",
        title="Auditors draw by lot",
        text="An auditor draws at most one in ten of a period's entries, by a lot that nobody here can steer, and the "
        "periods of one auditor do not overlap. A vote's choice is opened only when its entry was drawn, and each "
        "opening is an entry of its own.",
        parameters={"share": 0.1},
    ),
    ClauseText(
        number="G1",
        title="Others' words are read for a reason, and counted",
        text="Whoever works here reads others' words for a stated purpose only: a moderator to decide a case, an "
        "auditor to check a ballot drawn by lot. Each look is written down before anything is shown, and within 24 "
        "hours nobody reads more than their role may. Network administrators, licensing officers, approvers and "
        "licensees read none.",
        parameters={"moderator": 600, "auditor": 200},
    ),
    ClauseText(
        number="G2",
        title="Many exports at once are looked at",
        text="You take your own words and votes with you at any time. When 10 people of one network, and one in "
        "twenty of all in it, do so within 3 days, a moderator looks whether somebody else is collecting them.",
        parameters={"people": 10, "share": 0.05, "days": 3},
    ),
)
