"""Passwords and keys of this copy: made once, kept in a file that only its owner may read."""

import json
import secrets
from base64 import b64encode
from dataclasses import asdict, dataclass, fields

from launcher import files
from launcher.errors import LaunchError
from launcher.paths import Paths

# Without letters and digits that look alike: people type the staff password.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Secrets:
    """All are text. `instance` is no secret: it names what this copy keeps outside its folder."""

    instance: str
    database_admin: str
    database: str
    redis: str
    secret_key: str
    staff: str
    # Signs the ledger's checkpoints: 32 bytes in base64, as an Ed25519 seed is.
    ledger_log_key: str

    @classmethod
    def new(cls) -> "Secrets":
        return cls(
            instance=secrets.token_hex(8),
            database_admin=secrets.token_hex(16),
            database=secrets.token_hex(16),
            redis=secrets.token_hex(16),
            secret_key=secrets.token_urlsafe(50),
            staff="".join(secrets.choice(ALPHABET) for _ in range(16)),
            ledger_log_key=b64encode(secrets.token_bytes(32)).decode(),
        )


# A file of an earlier version does not have these; they are added to it.
LATER = ("ledger_log_key",)


def load(paths: Paths) -> Secrets:
    """Return the secrets of this copy; what is not there yet is made now. Raises LaunchError for a damaged file."""
    if not paths.secrets.exists():
        files.write_private(paths.secrets, json.dumps(asdict(Secrets.new()), indent=2))
    paths.secrets.chmod(0o600)
    content = files.read_json(paths.secrets)
    if content and (missing := [name for name in LATER if name not in content]):
        new = asdict(Secrets.new())
        content |= {name: new[name] for name in missing}
        files.write_private(paths.secrets, json.dumps(content, indent=2))
    if any(not isinstance(content.get(field.name), str) for field in fields(Secrets)):
        raise LaunchError(f"{paths.secrets} is damaged. Restore it, or start over with `make clean-data`.")
    return Secrets(**{field.name: content[field.name] for field in fields(Secrets)})
