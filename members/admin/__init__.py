"""Members, tiers and partners in admin."""

from members.admin import members, partners, tiers

__all__ = ["members", "partners", "tiers"]
