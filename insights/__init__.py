"""Insight: reads every other app, writes nothing of theirs."""
