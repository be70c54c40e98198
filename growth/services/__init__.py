"""Use cases of growth, one module each."""
