"""Points: a pure ledger. It knows members by id, and nothing about rules, items or screens."""
