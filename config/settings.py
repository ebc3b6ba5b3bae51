"""The one settings file. What differs between installations is an environment variable, read here."""

import os
from pathlib import Path
from typing import Any

import django_stubs_ext
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from config import env, logs, places
from config.schedule import ROUTES, SCHEDULE

# Lets `ModelAdmin[Customer]` and the like stand in code as they do for mypy.
django_stubs_ext.monkeypatch()

# One thread for numpy and scipy, read when they are loaded: more of them wait for each other where workers share the
# processors, and a fit of the models took sixty times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.folder("REGULARS_DATA", BASE_DIR / "var")

# --- What an installation decides ---------------------------------------------------------------------------
DEBUG = env.flag("DEBUG", default=False)
DEMO = env.flag("DEMO", default=True)
PORT = env.whole("PORT", 8000, minimum=1, maximum=65535)
SECRET_KEY = env.secret("SECRET_KEY", DATA_DIR / "secret_key")
# What the hashes of erased customers are keyed with. It begins as SECRET_KEY was, and stays when that changes.
ERASURE_KEY = env.secret("ERASURE_KEY", DATA_DIR / "erasure_key", SECRET_KEY)
PUBLIC_URL = env.text("PUBLIC_URL", f"http://localhost:{PORT}").rstrip("/")
SHOP_TIME_ZONE = env.text("SHOP_TIME_ZONE", "Asia/Shanghai")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
BEHIND_PROXY = env.flag("BEHIND_PROXY", default=False)
METRICS_TOKEN = env.text("METRICS_TOKEN")

HTTPS = PUBLIC_URL.startswith("https://")

# --- Applications -------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    # First, because it puts its own admin site in place, and our apps register with it when they are ready.
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "users.apps.UsersConfig",
    "segments.apps.SegmentsConfig",
    "campaigns.apps.CampaignsConfig",
    "growth.apps.GrowthConfig",
    "feedback.apps.FeedbackConfig",
    "config.apps.ConfigConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "import_export",
    "rest_framework",
    "drf_spectacular",
    "phonenumber_field",
    "anymail",
    "django_structlog",
    "django_prometheus",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.csp.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.logs.RequestLog",
    "allauth.account.middleware.AccountMiddleware",
    "users.admin.second_factor.FactorFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Stores -------------------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL") or places.postgres_url(DATA_DIR)
REDIS_URL = env.text("REDIS_URL") or places.redis_url(DATA_DIR)
STATEMENT_TIMEOUT_MS = env.whole("STATEMENT_TIMEOUT_MS", 30_000)

_connection = env.database(DATABASE_URL)
_connection["OPTIONS"] = {
    "connect_timeout": 10,
    "application_name": "regulars",
    "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout=10000 -c timezone=UTC "
    "-c idle_in_transaction_session_timeout=120000",
    **_connection["OPTIONS"],
}
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": env.whole("CONN_MAX_AGE", 300),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": env.flag("BEHIND_PGBOUNCER", default=False),
        **_connection,
    },
}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        # The client's own ten retries would hold a request for seconds while Redis is away.
        "OPTIONS": {
            "socket_timeout": 3,
            "socket_connect_timeout": 3,
            "retry": Retry(ExponentialBackoff(cap=0.1, base=0.02), 2),
        },
    },
}

# --- Work in the background: rows say what is due, messages only say "go and look" --------------------------
CELERY_BROKER_URL = env.broker(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 180, "socket_timeout": 30, "socket_keepalive": True}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 30
CELERY_TASK_SOFT_TIME_LIMIT = 27
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULER = "config.celery.BeatScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SCHEDULE = SCHEDULE
CELERY_TASK_ROUTES = ROUTES

# --- Operators and how they log in --------------------------------------------------------------------------
AUTH_USER_MODEL = "users.Operator"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
ACCOUNT_ADAPTER = "config.accounts.ClosedDoor"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "users.admin.second_factor.Factors"
MFA_FORMS = {
    "authenticate": "users.admin.second_factor.CodeOnce",
    "reauthenticate": "users.admin.second_factor.CodeOnceAgain",
}
# Nobody signs up by himself, so no address has to be proven before.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# The half minute before and after as well, for telephones whose clock is a little off; each code is spent once.
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = "Regulars"

# --- Languages and time -------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True
PHONENUMBER_DEFAULT_REGION = env.text("PHONE_REGION", "CN")

# --- Files --------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
STATIC_MANIFEST = env.flag("STATIC_MANIFEST", default=not DEBUG)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "config.static_files.StaticFiles"
        if STATIC_MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = not STATIC_MANIFEST
WHITENOISE_AUTOREFRESH = not STATIC_MANIFEST
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- Mail and SMS: the local sink until a real provider is set ----------------------------------------------
SINK_SMTP_PORT = env.whole("SINK_SMTP_PORT", min(PORT + 25, 65535), minimum=1, maximum=65535)
SINK_HTTP_PORT = env.whole("SINK_HTTP_PORT", min(PORT + 26, 65535), minimum=1, maximum=65535)
SINK_SMS_URL = f"http://127.0.0.1:{SINK_HTTP_PORT}/sms"
SINK_HOOK_URL = f"http://127.0.0.1:{SINK_HTTP_PORT}/hook"
SINK_DIR = DATA_DIR / "sink"
# host:port pairs in a private network that webhooks may be sent to all the same; the sink, in the demo.
HTTP_ALLOWED = env.words("HTTP_ALLOWED", f"127.0.0.1:{SINK_HTTP_PORT}" if DEMO else "")
EMAIL_URL = env.text("EMAIL_URL", f"smtp://127.0.0.1:{SINK_SMTP_PORT}")
globals().update(env.mail(EMAIL_URL))
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "shop@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Requests one API key may send to the tracking API in ten seconds.
TRACKING_RATE = env.whole("TRACKING_RATE", 20_000, minimum=1)

# --- APIs ---------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.kit.api.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.kit.api.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "NUM_PROXIES": 1 if BEHIND_PROXY else 0,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Regulars",
    "DESCRIPTION": "What a shop's back end and its shoppers may ask of Regulars.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": True,
    "ENUM_NAME_OVERRIDES": {
        "TopicChannelEnum": ["email", "sms", "wechat", "weibo", "app_push", "web_push", "inbox"],
        "PushChannelEnum": ["app_push", "web_push"],
        "AddressChannelEnum": ["email", "sms", "wechat", "weibo", "app_push", "web_push"],
        "ContactChannelEnum": "users.models.Channel",
        "ContactStateEnum": "users.models.ContactState",
        "OrderStateEnum": ["paid", "partly_refunded", "refunded", "cancelled", "unpaid", "unconfirmed"],
        "ImportStateEnum": [
            ("received", "Being read"),
            ("unreadable", "Cannot be read"),
            ("uploaded", "Columns to be named"),
            ("checking", "Being checked"),
            ("checked", "Ready to start"),
            ("running", "Being imported"),
            ("done", "Imported"),
            ("undoing", "Being undone"),
            ("undone", "Undone"),
        ],
        "WebhookStateEnum": [("on", "On"), ("paused", "Paused"), ("disabled", "Switched off after failures")],
        "WebhookDeliveryStateEnum": [
            ("waiting", "Waiting"),
            ("delivered", "Delivered"),
            ("failed", "Failed"),
        ],
        "SegmentKindEnum": "segments.models.SegmentKind",
        "ConversationKindEnum": "feedback.models.ConversationKind",
    },
}

# --- Security -----------------------------------------------------------------------------------------------
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if HTTPS else []
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = HTTPS
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS: list[str] = []

# --- Logs and figures: JSON lines without personal data -----------------------------------------------------
LOG_LEVEL = env.one_of("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})
LOGGING_CONFIG = "config.logs.configure"
LOGGING = logs.settings(LOG_LEVEL)
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10
DJANGO_STRUCTLOG_CELERY_ENABLED = False
PROMETHEUS_EXPORT_MIGRATIONS = False

# --- The admin's theme --------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Regulars",
    "SITE_HEADER": "Regulars",
    "SITE_SUBHEADER": "回头客",
    "SITE_URL": None,
    "SITE_SYMBOL": "loyalty",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "DASHBOARD_CALLBACK": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "config.navigation.favicon"}],
    "STYLES": ["config.navigation.stylesheet"],
    "SCRIPTS": ["config.navigation.script"],
    "ACCOUNT": {
        "navigation": [
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
            {"title": _("Second factor"), "link": reverse_lazy("mfa_index")},
        ],
    },
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "config.navigation.sidebar",
    },
    "COLORS": {
        "base": {
            "50": "#f6f7f7",
            "100": "#f1f4f3",
            "200": "#e2e7e6",
            "300": "#c9d1cf",
            "400": "#97a5a2",
            "500": "#5c6b68",
            "600": "#4a5a56",
            "700": "#33413e",
            "800": "#1e2826",
            "900": "#0f1514",
            "950": "#0a0f0e",
        },
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.801)",
            "200": "oklch(91% .096 180.426)",
            "300": "oklch(85.5% .138 181.071)",
            "400": "oklch(77.7% .152 181.912)",
            "500": "oklch(77.7% .152 181.912)",
            "600": "oklch(51.1% .096 186.391)",
            "700": "oklch(43.7% .078 188.216)",
            "800": "oklch(38.6% .063 188.416)",
            "900": "oklch(33% .055 190)",
            "950": "oklch(27.7% .046 192.524)",
        },
    },
}

if os.environ.get("PYTEST_VERSION"):
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
