"""The ledger's tables, by what they are about. Django looks for them here."""

from points.models.adjustments import Adjustment, AdjustmentReason, AdjustmentStatus
from points.models.audits import Audit, AuditFinding
from points.models.book import NEVER, Account, Entry, EntryKind, Lot
from points.models.finance import BookDay, DayClose, FinancePolicy, Pool, SourceClass
from points.models.holds import Hold, HoldChange, HoldStatus
from points.models.policy import LedgerPolicy
from points.models.transfers import Transfer, TransferStatus
from points.models.transparency import Checkpoint, LogTile, SealMark

__all__ = [
    "NEVER",
    "Account",
    "Adjustment",
    "AdjustmentReason",
    "AdjustmentStatus",
    "Audit",
    "AuditFinding",
    "BookDay",
    "Checkpoint",
    "DayClose",
    "Entry",
    "EntryKind",
    "FinancePolicy",
    "Hold",
    "HoldChange",
    "HoldStatus",
    "LedgerPolicy",
    "LogTile",
    "Lot",
    "Pool",
    "SealMark",
    "SourceClass",
    "Transfer",
    "TransferStatus",
]
