"""The members, items and partner of one crash test, as its clients know them. `creation` makes them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

OPENING_POINTS = 400
PARTNER = "shop"


@dataclass(frozen=True)
class Member:
    """Who they are, and what they call with. `address` is where goods go."""

    id: int
    no: str
    token: str
    address: int


@dataclass(frozen=True)
class World:
    """All a client needs to know. `coupons` are handed out by a job, `goods` wait for staff and can be cancelled."""

    address: str
    members: list[Member]
    coupons: list[int]
    goods: list[int]
    partner_key: str
    partner_secret: str

    def save(self, path: Path) -> None:
        """Write it down for other processes."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "World":
        """Return what was written down."""
        facts = json.loads(path.read_text(encoding="utf-8"))
        return cls(**facts | {"members": [Member(**member) for member in facts["members"]]})
