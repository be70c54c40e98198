"""Who opens a transaction and who only demands one.

The use case opens it. The parts it is made of (ledger, jobs) call `require_transaction`,
so a part used outside a use case fails at once instead of committing half a movement.
"""

from django.db import connection


class TransactionRequiredError(RuntimeError):
    """A part that only makes sense inside a use case's transaction was called outside one."""


def require_transaction() -> None:
    """Raise TransactionRequiredError unless the caller has opened a transaction.

    The wrapper that Django's TestCase puts around each test does not count: otherwise a test
    would pass with the transaction missing.
    """
    own_blocks = [block for block in connection.atomic_blocks if not getattr(block, "_from_testcase", False)]
    if not own_blocks:
        raise TransactionRequiredError("This call must run inside the use case's transaction.atomic().")
