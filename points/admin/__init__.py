"""The ledger in admin. Importing the modules registers their pages."""

from points.admin import adjustments, books, holds, policy, transfers  # noqa: F401
