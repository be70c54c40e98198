"""Keys derived from SECRET_KEY: one per purpose, so that a token can never pass for something else.

Each purpose has a list: the current key first, then those of SECRET_KEY_FALLBACKS, which are only read with.
"""

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotDecrypt(RuntimeError):
    """What was stored was encrypted with a SECRET_KEY we do not have any more."""


def keys_for(purpose: str) -> list[bytes]:
    """Return the 32-byte keys of a purpose, the current one first."""
    return [_derive(secret, purpose) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def encrypt(text: str) -> str:
    """Return `text` in a form only this installation can read."""
    return _fernet().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Return what `encrypt` was given. Raises CannotDecrypt."""
    try:
        return _fernet().decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise CannotDecrypt("No current or former SECRET_KEY opens this value.") from error


@lru_cache(maxsize=32)
def _derive(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), f"members.{purpose}".encode(), hashlib.sha256)


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys_for("partner-secrets")])
