"""Every setting of the portal, read from the environment; knows no app's rules.

A variable that starts with MLOPSPORTAL_ and is not listed in `KNOWN`, and a credential with a part too many or
too few, stop the start: a typing error must not silently leave a default in force.
"""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from mlopsportal.azureml import configured

BASE_DIR = Path(__file__).resolve().parent.parent

KNOWN = {
    "MLOPSPORTAL_ALLOWED_HOSTS",
    "MLOPSPORTAL_CONTRACT_WORKSPACE",
    "MLOPSPORTAL_CORPUS",
    "MLOPSPORTAL_DATA",
    "MLOPSPORTAL_DEMO",
    "MLOPSPORTAL_DEMO_PASSWORD",
    "MLOPSPORTAL_ENTRA_CLIENT_ID",
    "MLOPSPORTAL_ENTRA_CLIENT_SECRET",
    "MLOPSPORTAL_ENTRA_TENANT_ID",
    "MLOPSPORTAL_LOG_LEVEL",
    "MLOPSPORTAL_METRICS_TOKEN",
    "MLOPSPORTAL_PROXIES",
    "MLOPSPORTAL_SECRET_KEY",
    "MLOPSPORTAL_TLS",
    "MLOPSPORTAL_TOKEN",
    "MLOPSPORTAL_URL",
    "MLOPSPORTAL_WORKER",
    "MLOPSPORTAL_WORKER_BUSY",
}
KNOWN_PREFIXES = (configured.PREFIX, "MLOPSPORTAL_TEST_")


def refuse_unknown_variables() -> None:
    """Raise ImproperlyConfigured for a MLOPSPORTAL_ variable that no setting reads, and for half a credential."""
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith("MLOPSPORTAL_") and name not in KNOWN and not name.startswith(KNOWN_PREFIXES)
    )
    wrong = [_unknown(name) for name in unknown] + configured.problems(os.environ)
    if wrong:
        raise ImproperlyConfigured(" ".join(wrong))


def _unknown(name: str) -> str:
    meant = get_close_matches(name, KNOWN, 1, cutoff=0.85)
    hint = f"did you mean {meant[0]}?" if meant else f"there are {', '.join(sorted(KNOWN))}."
    return f"{name} in the environment is no setting of the portal: {hint}"


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def switch(name: str, default: bool) -> bool:
    """Return a yes/no variable; anything but on/off, true/false, yes/no, 1/0 is refused."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "on", "true", "yes"}:
        return True
    if value in {"0", "off", "false", "no"}:
        return False
    raise ImproperlyConfigured(f"{name} must be on or off, not {value!r}")


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def long_secret(name: str, shortest: int = 16) -> str:
    """Return a secret that cannot be guessed in passing, "" where none is set."""
    value = text(name)
    if value and len(value) < shortest:
        raise ImproperlyConfigured(f"{name} has {len(value)} characters; it wants at least {shortest}.")
    return value


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Return a comma-separated list of addresses or networks, e.g. 10.0.0.7,10.1.0.0/16; empty by default."""
    try:
        return [ip_network(part.strip()) for part in text(name).split(",") if part.strip()]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def database(url: str) -> dict[str, Any]:
    """Return Django's database entry for `url`, with what each engine needs to be safe here.

    SQLite: one writer at a time is taken at BEGIN (IMMEDIATE), waiting up to 20 s; the journal is
    flushed at each commit, since an attempt must be on disk before its first byte is sent; recursive
    triggers, or INSERT OR REPLACE would slip past the append-only triggers of the audit log.
    """
    if urlsplit(url).scheme not in {"sqlite", "postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:, postgres: or postgresql:")
    config: dict[str, Any] = environ.Env.db_url_config(url)
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON",
        }
    else:
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
    return config


refuse_unknown_variables()

DATA_DIR = Path(text("MLOPSPORTAL_DATA", str(BASE_DIR / ".data"))).resolve()
# Empty is allowed here and refused by Django on first use: the offline commands need no key.
SECRET_KEY = text("MLOPSPORTAL_SECRET_KEY")
DEBUG = False
# Set by `up` for its own processes: /healthz then waits for the demo's workspace and accounts.
DEMO_ACCOUNTS: tuple[str, ...] = (
    ("author", "reviewer", "operator", "auditor", "viewer", "admin")
    if switch("MLOPSPORTAL_DEMO", default=False)
    else ()
)
PROXIES = networks("MLOPSPORTAL_PROXIES")
# Empty: /metrics does not exist.
METRICS_TOKEN = long_secret("MLOPSPORTAL_METRICS_TOKEN")
TLS = switch("MLOPSPORTAL_TLS", default=False)
ALLOWED_HOSTS = [host for host in text("MLOPSPORTAL_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if host]

INSTALLED_APPS = [
    "mlopsportal.apps.MlopsportalConfig",
    "mlopsportal.audit",
    "mlopsportal.accounts",
    "mlopsportal.queue",
    "mlopsportal.ui",
    "registry",
    "scheduling",
    "mlopsportal.changes",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_filters",
    "django_q",
    "drf_spectacular",
    "knox",
    "rest_framework",
    "template_partials.apps.SimpleAppConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mlopsportal.ui.middleware.RequestIdMiddleware",
    "mlopsportal.ui.middleware.PieceRedirectMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "mlopsportal.accounts.middleware.ActorMiddleware",
]

ROOT_URLCONF = "mlopsportal.urls"
WSGI_APPLICATION = "mlopsportal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["template_partials.templatetags.partials"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mlopsportal.ui.context.navigation",
            ],
        },
    },
]
FORM_RENDERER = "mlopsportal.ui.forms.PortalRenderer"

DATABASES = {"default": database(text("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'portal.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}}

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Sign-in: local accounts made by an administrator, and Entra ID where it is configured.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "mlopsportal.accounts.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "mlopsportal.accounts.adapters.SocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "10/m/ip,5/5m/key"}
ENTRA_TENANT_ID = text("MLOPSPORTAL_ENTRA_TENANT_ID")
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
if ENTRA_TENANT_ID:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "entra",
                "name": "Microsoft Entra ID",
                "client_id": text("MLOPSPORTAL_ENTRA_CLIENT_ID"),
                "secret": text("MLOPSPORTAL_ENTRA_CLIENT_SECRET"),
                "settings": {"server_url": f"https://login.microsoftonline.com/{ENTRA_TENANT_ID}/v2.0"},
            }
        ],
    }

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "mlopsportal.accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "mlopsportal.ui.api.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "mlopsportal.ui.openapi.RefusingSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "mlopsportal.accounts.throttles.ByAddress",
        "mlopsportal.accounts.throttles.ByAccount",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "60/min", "user": "1200/min"},
    "EXCEPTION_HANDLER": "mlopsportal.api.exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "mlopsportal",
    "DESCRIPTION": "Version control and change control for Azure Machine Learning pipelines.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "AssetKindEnum": "registry.models.AssetKind",
        "PracticeLevelEnum": "mlopsportal.specs.practices.LEVELS",
        "CheckLevelEnum": ["advisory", "soft", "hard"],
    },
}
KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105  a model, no token
# The prefix lets scanners, and our own log, tell a token that slipped into a text.
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": None, "TOKEN_PREFIX": "mlops_"}

# The queue is a wake-up hint over the same database, never the record of anything.
Q_CLUSTER: dict[str, Any] = {
    "name": "changes",
    "orm": "default",
    "workers": 2,
    "queue_limit": 2,
    "bulk": 1,
    "timeout": 600,
    "retry": 2400,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "scheduler": False,
    "poll": 0.5,
    "broker_class": "mlopsportal.queue.broker.PlainBroker",
    "recycle": 200,
    "max_rss": 600000,
    "label": "Queue",
    "ALT_CLUSTERS": {"sync": {"workers": 1, "queue_limit": 1}},
}

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = TLS
SECURE_HSTS_SECONDS = 31536000 if TLS else 0
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "mlopsportal.ui.views.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"] + (["https://login.microsoftonline.com"] if ENTRA_TENANT_ID else []),
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 250

LOG_LEVEL = choice("MLOPSPORTAL_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"probes": {"()": "mlopsportal.logs.QuietProbes"}},
    "formatters": {"json": {"()": "mlopsportal.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "azure": {"level": "WARNING"},
        "django.request": {"filters": ["probes"]},
        "django.server": {"level": "WARNING"},
        "django-q": {"level": "WARNING"},
    },
}
# Whether HSTS covers sub-domains and browsers' preload lists is for whoever owns the domain to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
