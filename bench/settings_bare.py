"""As little as Django REST framework runs on: the same login, but no middleware and no limits on callers."""

from bench.settings import *  # noqa: F403
from bench.settings import MIDDLEWARE, REST_FRAMEWORK

ROOT_URLCONF = "bench.urls_bare"
MIDDLEWARE.clear()
REST_FRAMEWORK["DEFAULT_THROTTLE_CLASSES"] = []
