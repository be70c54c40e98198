"""Programs for those who work on the points mall; none of them runs in production."""
