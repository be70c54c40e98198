"""Members, their tiers and sessions, and the partner systems that report on them. Knows nothing of points."""
