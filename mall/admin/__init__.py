"""The mall in admin. Importing the modules registers their pages."""

from mall.admin import codes, items, redemptions  # noqa: F401
