"""Risk control: looks at facts that callers pass down and says allow, hold or refuse. Sits below the ledger."""
