"""The credentials only the stand-in accepts. They are public on purpose: they open nothing else."""

APP_ID = "wx-standin"
APP_SECRET = "standin-secret"  # noqa: S105


def is_real(secret: str) -> bool:
    """Tell whether `secret` could open a real mini-program's account."""
    return bool(secret.strip()) and secret != APP_SECRET
