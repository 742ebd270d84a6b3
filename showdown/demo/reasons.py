"""The words of the demo's decisions and appeals, by clause."""

from collections.abc import Mapping
from typing import Final

from apps.moderation.models import Action

REJECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "P2": (
        "Your prompt holds a number by which a person or an account can be found. Leave it out, or invent one, and "
        "send the question again: it is a good one.",
        "There is a telephone or card number of somebody in your prompt. We cannot show that to two providers. The "
        "question itself is welcome without it.",
    ),
    "P3": (
        "Another contributor asked exactly this before you. Put it into your own words and it counts as yours.",
        "These are the same words as an earlier prompt, so it would teach us nothing new.",
    ),
    "P4": (
        "Your prompt makes the models say who they are. Votes are cast blind here, so it cannot enter the pool.",
        "Asking for the model's name would end the blindness of the battle. Everything else in your question is fine.",
    ),
    "P5": (
        "Your prompt asks for help with hurting somebody. We do not put that before models or people.",
        "This makes fun of a person who cannot answer. Write about the quarrel instead, if it helps.",
    ),
    "P7": (
        "You submitted this under another language than the one it is written in. Please send it again under the right "
        "one, so that the right people vote on it.",
    ),
}
APPROVED_AFTER_ALL: Final = (
    "Screening was careful here; there is nothing in it that would name anybody.",
    "I have read it, and it is fine. Thank you for your patience.",
    "The likeness is by chance, and your question is another one.",
)
CARELESS: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.EXCLUDE_VOTES: (
        "Your votes fit everybody else's no better than a coin would, over more than a hundred battles in many "
        "languages and subjects. We leave them out of the boards. If you judged by something that we overlooked, "
        "please appeal.",
        "In almost every battle you chose the same side, or helped one model, whatever the answers said. We leave your "
        "votes out of the boards.",
    ),
    Action.DISMISS: (
        "An unusual taste, and a consistent one. The votes stay.",
        "Few votes and hard battles; nothing here speaks of carelessness.",
    ),
}
APPEALS: Final[Mapping[str, tuple[str, ...]]] = {
    "P2": (
        "The number in my prompt is printed on every sample form of the bank; it belongs to nobody.",
        "That telephone number is one of those that films use. Please look again.",
    ),
    "P3": ("I wrote this sentence by myself. It is a common proverb, and of course others know it too.",),
    "P4": (
        "I asked about a model railway, not about the models here.",
        "I wanted to know who trained the dog in the story, not who trained the answer.",
    ),
    "P5": ("It is a scene of my play, and the bully is meant to be seen through.",),
    "P7": ("My village mixes both languages, and this is how we write.",),
    "I1": (
        "I vote late at night after work and often cannot decide. I did not try to cheat anybody; please look at my "
        "last thirty votes, when I had more time.",
    ),
}
HEARD: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.UPHOLD: (
        "I have read your prompt and the first decision again, without speaking with my colleague. The clause fits, so "
        "the decision stands.",
        "I understand your point. The rule does not ask what was meant, though, but what two providers would read.",
    ),
    Action.OVERTURN: (
        "You are right, and we were too quick. The decision is undone, and your prompt is in the pool.",
        "On a second reading nothing of what the clause is about is there. The first decision is overturned.",
    ),
}
