"""Settings, all from the environment (.env.example lists each). A missing secret stops the start."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from config.admin_menu import NAVIGATION
from core import logs

# Lets annotations such as ModelForm[Tier], which mypy wants, exist at run time too.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", default=False)
# The preview page, demo members and the WeChat stand-in. Never on a public host.
DEMO_MODE = env.bool("DEMO_MODE", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_prometheus",
    "django_structlog",
    "simple_history",
    "pgtrigger",
    "axes",
    # Ours, in the order of imports: each may use those above it here.
    "core",
    "wechat",
    "members",
    "riskctl",
    "points",
    "growth",
    "mall",
    "insights",
    "config",
]

MIDDLEWARE = [
    # First, so that nobody has built request.headers before the id is in them.
    "core.middleware.RequestIdMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "core.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["OPTIONS"] = {
    # A use case waits for a lock for a moment, never for a stuck colleague.
    "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s",
    "connect_timeout": 5,
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": env.str("CACHE_KEY_PREFIX", default="mall"),
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# --- staff -----------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# Where a login goes that asked for an address elsewhere.
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = env.int("STAFF_LOGIN_FAILURES", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
# Its pages speak English only. A lock ends by itself, or with manage.py axes_reset_username.
AXES_ENABLE_ADMIN = False
AXES_IPWARE_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Points mall"),
    "SITE_HEADER": _("Points mall"),
    "SITE_SYMBOL": "loyalty",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "insights.dashboard.figures",
    "COLORS": {
        "primary": {
            "50": "#fff4ed",
            "100": "#ffe6d5",
            "200": "#feccaa",
            "300": "#fda574",
            "400": "#fb743c",
            "500": "#f95016",
            "600": "#ea360c",
            "700": "#c2250c",
            "800": "#9a1f12",
            "900": "#7c1c12",
            "950": "#430b07",
        }
    },
    "SIDEBAR": {"show_search": True, "navigation": NAVIGATION},
}

# --- API -------------------------------------------------------------------------------------------------------
API_MAX_BODY_BYTES = env.int("API_MAX_BODY_BYTES", default=2 * 1024 * 1024)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
# By the first word of a caller's scope; "ip" is a client address without login, which many may share.
API_CALLS_PER_MINUTE = {
    "member": env.int("API_MEMBER_CALLS_PER_MINUTE", default=1200),
    "partner": env.int("API_PARTNER_CALLS_PER_MINUTE", default=60_000),
    "ip": env.int("API_ANONYMOUS_CALLS_PER_MINUTE", default=6000),
}
IDEMPOTENCY_KEEP_DAYS = env.int("IDEMPOTENCY_KEEP_DAYS", default=30)
PARTNER_AUTHENTICATION = "members.authentication.PartnerAuthentication"
ACCESS_TOKEN_MINUTES = env.int("ACCESS_TOKEN_MINUTES", default=30)
REFRESH_TOKEN_DAYS = env.int("REFRESH_TOKEN_DAYS", default=30)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["members.authentication.MemberAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["core.callers.IsAuthenticatedPrincipal"],
    "DEFAULT_PARSER_CLASSES": ["core.callers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["core.callers.PrincipalThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.api.handle_exception",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    # Behind how many proxies of our own we stand; only their X-Forwarded-For entries are believed.
    "NUM_PROXIES": env.int("TRUSTED_PROXY_COUNT", default=0),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Points mall",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Fields of one name with choices of their own.
    "ENUM_NAME_OVERRIDES": {
        "RedemptionStatusEnum": "mall.models.RedemptionStatus",
        "TransferStatusEnum": "points.models.TransferStatus",
        "MemberStatusEnum": "members.models.MemberStatus",
    },
}

# --- the ledger's Merkle log (docs/transparency.md) --------------------------------------------------------------
# The Ed25519 seed that signs checkpoints, 32 bytes in base64; whoever has it can sign another history.
LEDGER_LOG_KEY = env.str("LEDGER_LOG_KEY", default="")
# The log's name in every checkpoint. It never changes; a new key keeps it.
LEDGER_LOG_ORIGIN = env.str("LEDGER_LOG_ORIGIN", default="points-mall/ledger")
# A file to which every checkpoint is appended, to be copied to where the database's owner cannot write.
LEDGER_LOG_PUBLISH_FILE = env.str("LEDGER_LOG_PUBLISH_FILE", default="")

# --- WeChat ----------------------------------------------------------------------------------------------------
WECHAT_APP_ID = env.str("WECHAT_APP_ID", default="wx-standin" if DEMO_MODE else "")
WECHAT_APP_SECRET = env.str("WECHAT_APP_SECRET", default="standin-secret" if DEMO_MODE else "")
WECHAT_API_BASE = env.str("WECHAT_API_BASE", default="https://api.weixin.qq.com")
WECHAT_TIMEOUT = (2.0, 5.0)

# --- jobs ------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    # Look for messages of dead workers often; the default waits for a hundred polls.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # Above the second that a worker waits for messages at a time; a request waits no longer for a Redis that hangs.
    "socket_timeout": 3,
    "socket_connect_timeout": 2,
    # A request that finds the broker gone goes on at once: the outbox will send its job later.
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
    "global_keyprefix": env.str("CACHE_KEY_PREFIX", default="mall") + ":",
}
CELERY_TIMEZONE = "Asia/Shanghai"
# What happens every night, in this order (core/chain.py).
NIGHTLY_CHAIN = [
    "points.services.release.STEP",
    "members.services.tier_evaluation.STEP",
    "points.services.expiry.STEP",
    "points.services.expiry_notices.STEP",
]
# Whose ids its steps work on: admin links to them.
NIGHTLY_CHAIN_SUBJECT = "members.Member"
CELERY_BEAT_SCHEDULER = "core.beat.SingleBeatScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = env.str("CELERY_BEAT_SCHEDULE_FILE", default=str(BASE_DIR / "var" / "beat-schedule"))
CELERY_BEAT_SCHEDULE = {
    # The answer to an unsealed entry's proof says to come back in a minute.
    "seal": {"task": "points.seal", "schedule": timedelta(seconds=60)},
    "sweep-outbox": {"task": "core.sweep_outbox", "schedule": timedelta(seconds=20)},
    "requeue-unfulfilled": {"task": "mall.sweep_unfulfilled", "schedule": crontab(minute="*/10")},
    "release-pending": {"task": "points.release_due", "schedule": crontab(minute="2")},
    # Once a day; the later ones go on with a run that died, and find nothing otherwise.
    "nightly": {"task": "core.run_nightly", "schedule": crontab(hour="0-5", minute="10")},
    # After the chain, which books what ended with the day; a transaction that is still running may put it off.
    "prepare-days": {"task": "points.prepare_days", "schedule": crontab(minute="40")},
    "audit": {"task": "points.audit", "schedule": crontab(hour="3", minute="0")},
    "purge": {"task": "core.purge", "schedule": crontab(hour="4", minute="30")},
    "purge-sessions": {"task": "members.purge_sessions", "schedule": crontab(hour="4", minute="40")},
    "forget-closed-members": {"task": "mall.forget_closed_members", "schedule": crontab(hour="4", minute="50")},
}

# --- language, time, files -------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
# The preview page is no app of its own; without the demo its files are not served at all.
STATICFILES_DIRS = [BASE_DIR / "config" / "demo" / "static"] if DEMO_MODE else []
WHITENOISE_USE_FINDERS = DEMO_MODE or DEBUG

# --- transport -------------------------------------------------------------------------------------------------
# On by default; the demo on loopback speaks plain HTTP and turns it off.
HTTPS_ONLY = env.bool("HTTPS_ONLY", default=not (DEMO_MODE or DEBUG))
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY
SECURE_HSTS_PRELOAD = HTTPS_ONLY
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- logs ------------------------------------------------------------------------------------------------------
LOGGING = logs.logging_settings(level=env.str("LOG_LEVEL", default="INFO"))
logs.configure()
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# One line a request, when it ends.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
# The id of RequestIdMiddleware, which lets only well-formed ones in.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
DJANGO_STRUCTLOG_CELERY_ENABLED = True
PROMETHEUS_EXPORT_MIGRATIONS = False
SILENCED_SYSTEM_CHECKS: list[str] = []
