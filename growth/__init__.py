"""Growth: behaviours come in, rules turn them into awards, the ledger posts them, the reply says why."""
