"""Reading the ledger.

balances   what a member has, and their statement
finance    what all members have, day by day, as finance reports it (import it by its own name)
"""

from points.selectors.balances import (
    amounts_by_key,
    available,
    balance,
    expiry_day,
    posted_amounts,
    statement,
    title_of,
)

__all__ = ["amounts_by_key", "available", "balance", "expiry_day", "posted_amounts", "statement", "title_of"]
