"""Published vectors: what independent implementations answered."""

import json
from pathlib import Path
from typing import Any


def load(name: str) -> Any:
    """Return the content of a file beside this one."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))
