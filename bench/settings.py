"""The product's settings with two more addresses. Demo mode only lifts the demand for HTTPS and WeChat's secrets."""

import os

for name, value in {
    "SECRET_KEY": "benchmarks-only-secret-key-that-signs-nothing-of-worth-0123456789",
    "DEMO_MODE": "true",
    # A run takes minutes, and every caller is logged in before it begins.
    "ACCESS_TOKEN_MINUTES": "600",
}.items():
    os.environ.setdefault(name, value)

from config.settings import *  # noqa: E402, F403

ROOT_URLCONF = "bench.urls"
