"""As little as both packages run on with Django 5.2.

django-hordak runs as it is; it needs mptt and a currency. pinax-points does not: `ugettext_lazy` and a signal's
`providing_args` are gone since Django 4, and are put back here. It also writes naive times
(`datetime.now`), so time zones are off: on, each award would log a warning.
"""

import os
from urllib.parse import unquote, urlsplit

from django import dispatch
from django.dispatch import Signal
from django.utils import translation


class _Signal(Signal):
    def __init__(self, providing_args: object = None, *, use_caching: bool = False) -> None:
        super().__init__(use_caching=use_caching)


dispatch.Signal = _Signal
translation.ugettext_lazy = translation.gettext_lazy

_url = urlsplit(os.environ["DATABASE_URL"])

SECRET_KEY = "benchmarks-only"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak", "pinax.points"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _url.path.lstrip("/"),
        "USER": unquote(_url.username or ""),
        "PASSWORD": unquote(_url.password or ""),
        "HOST": _url.hostname,
        "PORT": _url.port,
        "CONN_MAX_AGE": 600,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = False
DEFAULT_CURRENCY = HORDAK_INTERNAL_CURRENCY = "CNY"
HORDAK_CURRENCIES = CURRENCIES = ["CNY"]
# Passwords are part of no movement.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
