"""Settings for tests: the real ones with throw-away secrets and cheaper passwords. Servers come from the launcher."""

import os

for name, value in {
    "SECRET_KEY": "tests-only-secret-key-that-signs-nothing-of-worth-0123456789",
    "DEMO_MODE": "true",
    "DATABASE_URL": "postgres://mall:mall@127.0.0.1:5432/mall",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "API_MEMBER_CALLS_PER_MINUTE": "1000000",
    "API_ANONYMOUS_CALLS_PER_MINUTE": "1000000",
    "LEDGER_LOG_KEY": "dGVzdHMtb25seS1zZWVkLW9mLTMyLWJ5dGVzLi4uLi4=",
    "LOG_LEVEL": "WARNING",
    "CACHE_KEY_PREFIX": "test-" + os.environ.get("PYTEST_XDIST_WORKER", "main"),
}.items():
    os.environ.setdefault(name, value)

from config.settings import *  # noqa: E402, F403

STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# The launcher names the running copy's file; tests publish to their own.
LEDGER_LOG_PUBLISH_FILE = ""
