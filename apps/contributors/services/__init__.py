"""Everything that writes about contributors."""

from apps.contributors.services.application import (
    AddressNotConfirmed,
    ApplicationIncomplete,
    NotApplying,
    TooYoung,
    UnknownCodes,
    begin_application,
    declare_employer,
    describe_yourself,
    send_application,
)
from apps.contributors.services.consents import (
    ConsentNotGiven,
    ParticipationNotConsented,
    WordsHaveChanged,
    give_consent,
    withdraw_consent,
)
from apps.contributors.services.erasing import ErasedBefore, cut_from_account
from apps.contributors.services.exports import take_own_words
from apps.contributors.services.membership import NoApplication
from apps.contributors.services.networks import NetworkNameTaken, add_network

__all__ = [
    "AddressNotConfirmed",
    "ApplicationIncomplete",
    "ConsentNotGiven",
    "ErasedBefore",
    "NetworkNameTaken",
    "NoApplication",
    "NotApplying",
    "ParticipationNotConsented",
    "TooYoung",
    "UnknownCodes",
    "WordsHaveChanged",
    "add_network",
    "begin_application",
    "cut_from_account",
    "declare_employer",
    "describe_yourself",
    "give_consent",
    "send_application",
    "take_own_words",
    "withdraw_consent",
]
