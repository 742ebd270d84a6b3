"""Everything that writes about cases, decisions and appeals."""

from apps.moderation.queries.access import AboutYourself, NoSuchCase, NoSuchDecision, SameDecider, appealable_until
from apps.moderation.services.appealing import (
    AlreadyAppealed,
    AppealSaysNothing,
    AppealTooLong,
    NotAppealable,
    TooLateToAppeal,
    decide_appeal,
    make_appeal,
)
from apps.moderation.services.case_rows import (
    AlreadyDecided,
    CaseTaken,
    LeaseEnded,
    NothingLeftToDecide,
)
from apps.moderation.services.deciding import CARELESS, CLEAN, decide_finding, decide_prompt
from apps.moderation.services.decision_rows import (
    ReasonMissing,
    ReasonTooLong,
    UnknownAction,
    UnknownGround,
    fit_reason,
    ground,
)
from apps.moderation.services.erasing import erase_appeals_of
from apps.moderation.services.exports import NotAboutExports, look_into_exports
from apps.moderation.services.leasing import (
    extend_lease,
    forget_old_drafts,
    release_case,
    save_draft,
    take_case,
    take_next,
)
from apps.moderation.services.opening import (
    NothingWaits,
    close_moot_case,
    open_exports_case,
    open_finding_case,
    open_prompt_case,
    record_rule_decision,
)

__all__ = [
    "CARELESS",
    "CLEAN",
    "AboutYourself",
    "AlreadyAppealed",
    "AlreadyDecided",
    "AppealSaysNothing",
    "AppealTooLong",
    "CaseTaken",
    "LeaseEnded",
    "NoSuchCase",
    "NoSuchDecision",
    "NotAboutExports",
    "NotAppealable",
    "NothingLeftToDecide",
    "NothingWaits",
    "ReasonMissing",
    "ReasonTooLong",
    "SameDecider",
    "TooLateToAppeal",
    "UnknownAction",
    "UnknownGround",
    "appealable_until",
    "close_moot_case",
    "decide_appeal",
    "decide_finding",
    "decide_prompt",
    "erase_appeals_of",
    "extend_lease",
    "fit_reason",
    "forget_old_drafts",
    "ground",
    "look_into_exports",
    "make_appeal",
    "open_exports_case",
    "open_finding_case",
    "open_prompt_case",
    "record_rule_decision",
    "release_case",
    "save_draft",
    "take_case",
    "take_next",
]
