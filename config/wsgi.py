"""The web process: `granian --interface wsgi config.wsgi:application`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from core.chunked import ChunkedBodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = ChunkedBodies(get_wsgi_application(), limit=settings.API_MAX_BODY_BYTES)
