"""`python -m bench`: run the benchmark against the servers that DATABASE_URL and REDIS_URL name."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
django.setup()

from bench import http_cost  # noqa: E402 - it needs Django set up

if __name__ == "__main__":
    sys.exit(http_cost.main())
