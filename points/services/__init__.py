"""Use cases of the ledger itself. Movements that belong to a larger use case are in points/ledger/."""
