"""Every setting of the platform; what differs between machines comes from the environment.

A number that needs a public explanation when it changes is a policy clause (``apps/policy``), not a setting.
"""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("SHOWDOWN_VAR", BASE_DIR / "var"))


def _flag(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


# The demo is a whole platform with invented people on one machine; tests count as one.
DEMO = _flag("SHOWDOWN_DEMO")
TESTING = _flag("SHOWDOWN_TESTING")
DEBUG = False

# No default: ``showdown.checks`` explains what to do when it is missing.
SECRET_KEY = os.environ.get("SHOWDOWN_SECRET_KEY", "")
if not SECRET_KEY:
    # Commands such as ``check`` and ``makemigrations`` must start so that they can explain themselves.
    SECRET_KEY = "unset-" + os.urandom(32).hex()  # A fresh random one signs nothing that outlives this process.
    SECRET_KEY_IS_MISSING = True
else:
    SECRET_KEY_IS_MISSING = False

ALLOWED_HOSTS = [host for host in os.environ.get("SHOWDOWN_HOSTS", "").split(",") if host]
if DEMO or TESTING:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "testserver"]
SITE_ADDRESS = os.environ.get("SHOWDOWN_ADDRESS", "http://localhost:8000")
CSRF_TRUSTED_ORIGINS = [SITE_ADDRESS]

INSTALLED_APPS = [
    "showdown",
    "apps.api",
    "apps.web",
    "apps.moderation",
    "apps.licensing",
    "apps.integrity",
    "apps.rankings",
    "apps.battles",
    "apps.prompts",
    "apps.contributors",
    "apps.organizations",
    "apps.policy",
    "apps.jobs",
    "apps.accounts",
    "apps.audit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "django_cotton",
    "django_htmx",
    "django_celery_beat",
    "rest_framework",
    "drf_spectacular",
    "drf_standardized_errors",
    "rules",
    "csp",
]

MIDDLEWARE = [
    "apps.audit.middleware.PublicFilesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.accounts.middleware.ActorMiddleware",
    "apps.audit.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "showdown.urls"
ASGI_APPLICATION = "showdown.asgi.application"
WSGI_APPLICATION = "showdown.wsgi.application"

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
                "csp.context_processors.nonce",
                "apps.web.shell.shell",
            ],
        },
    },
]

# A component sees the request and what it is given, never the variables of the page around it.
COTTON_ISOLATE_BY_DEFAULT = True

# --- The databases: one PostgreSQL, up to four roles, each process with the addresses it needs. ---


def _database(variable: str) -> dict[str, Any] | None:
    address = os.environ.get(variable)
    if not address:
        return None
    database: dict[str, Any] = {**dj_database_url.parse(address)}
    database["ATOMIC_REQUESTS"] = False
    database["CONN_HEALTH_CHECKS"] = True
    database["DISABLE_SERVER_SIDE_CURSORS"] = False
    options: dict[str, Any] = database.get("OPTIONS") or {}
    if str(database["ENGINE"]).endswith("postgresql"):
        options.setdefault("connect_timeout", 5)
        if _flag("SHOWDOWN_DB_POOL"):
            # Under ASGI a connection belongs to no thread for long, so a small pool lends them out.
            options["pool"] = {"min_size": 0, "max_size": 8, "timeout": 10}
    database["OPTIONS"] = options
    return database


DATABASES: dict[str, Any] = {
    alias: database
    for alias, variable in {
        "default": "DATABASE_URL",
        "auditor": "DATABASE_AUDITOR_URL",
        "sequencer": "DATABASE_SEQUENCER_URL",
        "owner": "DATABASE_OWNER_URL",
    }.items()
    if (database := _database(variable)) is not None
}
if DATABASES and "default" not in DATABASES:
    # The sequencer and the owner's commands have one address of their own and never the application's.
    DATABASES["default"] = dict(next(iter(DATABASES.values())))
DATABASES.setdefault("default", {"ENGINE": "django.db.backends.dummy"})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: the cache and the broker, never the place of anything that must not be lost. ---

REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
CACHES = {
    "default": {
        # Without Redis people still sign in and vote: the cache forgets, and nothing fails.
        "BACKEND": "showdown.cache.RedisOrMemory",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # It comes back some day.
# A server that hangs is given up, so that beat and the workers notice when it, or another in its place, is well again.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 5,
    "socket_timeout": 10,
    "socket_keepalive": True,
}
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"prompts.*": {"queue": "language"}}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# What beat wakes is in showdown/schedule.py.

# --- Accounts ---

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "web:home"
LOGOUT_REDIRECT_URL = "web:leaderboard"
ACCOUNT_ADAPTER = "apps.accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Showdown: "
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO or TESTING
USERSESSIONS_ADAPTER = "apps.accounts.adapters.SessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = True
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    ACCOUNT_RATE_LIMITS: dict[str, str] | bool = False

# --- Mail: a server by its address; in the demo, files that a page shows. ---

MAIL_DIR = VAR_DIR / "mail"
DEFAULT_FROM_EMAIL = os.environ.get("SHOWDOWN_MAIL_FROM", "Showdown <hello@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
if os.environ.get("SHOWDOWN_MAIL_HOST"):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = os.environ["SHOWDOWN_MAIL_HOST"]
    EMAIL_PORT = int(os.environ.get("SHOWDOWN_MAIL_PORT", "587"))
    EMAIL_HOST_USER = os.environ.get("SHOWDOWN_MAIL_USER", "")
    EMAIL_HOST_PASSWORD = os.environ.get("SHOWDOWN_MAIL_PASSWORD", "")
    EMAIL_USE_TLS = not _flag("SHOWDOWN_MAIL_PLAIN")
    EMAIL_TIMEOUT = 10
elif DEMO:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(MAIL_DIR)
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# --- Languages of the interface; the language of content is another matter. ---

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("pt-br", _("Portuguese (Brazil)")),
    ("es", _("Spanish")),
    ("fr", _("French")),
    ("de", _("German")),
    ("hi", _("Hindi")),
    ("ar", _("Arabic")),
    ("ja", _("Japanese")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Files ---

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEMO or TESTING
WHITENOISE_AUTOREFRESH = TESTING
EXPORTS_DIR = Path(os.environ.get("SHOWDOWN_EXPORTS", VAR_DIR / "exports"))
# Closed months of votes as files of codes, which whatever computes the boards writes and reads.
RANKINGS_DIR = Path(os.environ.get("SHOWDOWN_RANKINGS", VAR_DIR / "rankings"))
RELEASES_DIR = Path(os.environ.get("SHOWDOWN_RELEASES", VAR_DIR / "releases"))
# A prompt of a million characters arrives whole, so that its author is told why it is too long.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# --- The log's own files ---

# What `/log/` serves: the sequencer writes it, the web reads it.
LOG_FILES = Path(os.environ.get("SHOWDOWN_LOG_FILES", VAR_DIR / "transparency"))
# The signing keys and what was signed last: the sequencer's alone, and on another disk than the database's.
LOG_KEYS = Path(os.environ.get("SHOWDOWN_LOG_KEYS", VAR_DIR / "log-keys"))
# The log's name for ever: in every checkpoint's first line, and in its keys.
LOG_ORIGIN = os.environ.get("SHOWDOWN_LOG_ORIGIN", "demo.showdown.example/log" if DEMO or TESTING else "")

# --- Security ---

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
if not (DEMO or TESTING):
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# How many proxies stand before this platform and write X-Forwarded-For: none, unless told.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("SHOWDOWN_TRUSTED_PROXIES", "0"))

# --- The API ---

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "120/min", "user": "600/min", "licensee": "240/min"},
    "EXCEPTION_HANDLER": "apps.api.problems.problem_response",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Showdown",
    "DESCRIPTION": "The public boards, the log and the releases of Showdown.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}

# --- Logs of the machine: ids and events, never content. ---

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "showdown.logs.PlacesAndKinds", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Django would also mail each error, with the request's own words in it, to whoever stands in ADMINS.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        "httpx2": {"level": "WARNING"},
        # The web server's own report of an error that broke a stream off.
        "_granian": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}

# --- Model providers: keys are named here by reference and read from the environment at the moment of use. ---

PROVIDER_TIMEOUT_SECONDS = float(os.environ.get("SHOWDOWN_PROVIDER_TIMEOUT", "60"))
PROVIDER_STALL_SECONDS = float(os.environ.get("SHOWDOWN_PROVIDER_STALL", "20"))
PROVIDER_MAX_CHARACTERS = int(os.environ.get("SHOWDOWN_PROVIDER_MAX_CHARACTERS", "60000"))

# The hour (UTC) at which the nightly ranking becomes due; an administrator moves it without a restart
# by changing the periodic task.
RANKINGS_HOUR_UTC = int(os.environ.get("SHOWDOWN_RANKINGS_HOUR", "2"))
