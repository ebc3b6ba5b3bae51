"""The tables of growth: reasons to come back."""

from growth.models.check_in import CheckIn
from growth.models.ledger import Account, Balance, EarningRule, Entry, EntryKind, Lot
from growth.models.level import CustomerLevel, GrowthEntry, Level, LevelMove

__all__ = [
    "Account",
    "Balance",
    "CheckIn",
    "CustomerLevel",
    "EarningRule",
    "Entry",
    "EntryKind",
    "GrowthEntry",
    "Level",
    "LevelMove",
    "Lot",
]
