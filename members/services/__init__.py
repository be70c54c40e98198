"""Use cases of members, one module each. Import the module of the use case; nothing is re-exported here."""
