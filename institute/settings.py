"""All settings, read from the environment; every name is described in deploy/README.md."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

django_stubs_ext.monkeypatch()  # lets generic Django classes such as ModelAdmin[Pledge] be written down

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str | None = None) -> str:
    """The variable's value; without a default a missing one stops the start with its name."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set the environment variable {name} (see deploy/README.md).")
    return value


def env_bool(name: str, default: bool) -> bool:
    """True for 1, true, yes or on."""
    return env(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def env_list(name: str, default: str = "") -> list[str]:
    """Comma-separated words, blanks dropped."""
    return [word.strip() for word in env(name, default).split(",") if word.strip()]


def database(url: str, *, pool: bool) -> dict[str, Any]:
    """A DATABASES entry for a postgresql:// URL."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured("Database URLs start with postgresql:// (no other server is supported).")
    options: dict[str, Any] = {"application_name": "headwaters"}
    if pool:
        options["pool"] = {"min_size": 1, "max_size": int(env("DATABASE_POOL_SIZE", "8")), "timeout": 10}
    return {
        "ENGINE": "institute.core.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
    }


DEBUG = env_bool("DEBUG", False)
SECRET_KEY = env("SECRET_KEY", "development-only" if DEBUG else None)
PORT = int(env("PORT", "8000"))
PLATFORM_URL = env("PLATFORM_URL", f"http://localhost:{PORT}").rstrip("/")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{urlsplit(PLATFORM_URL).hostname}")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", f"{PLATFORM_URL},http://127.0.0.1:{PORT}")
IS_HTTPS = PLATFORM_URL.startswith("https://")

# The institute that runs the platform gives its own name, logo and accent.
INSTITUTE_NAME = env("INSTITUTE_NAME", "Example Institute")
INSTITUTE_HANDLE = env("INSTITUTE_HANDLE", "institute")
INSTITUTE_LOGO_URL = env("INSTITUTE_LOGO_URL", "")
INSTITUTE_ACCENT = env("INSTITUTE_ACCENT", "")

DATA_DIR = Path(env("DATA", str(BASE_DIR / ".data"))).resolve()
STORAGE_URL = env("STORAGE_URL", f"file://{DATA_DIR / 'storage'}")
REDIS_URL = env("REDIS_URL", "redis://127.0.0.1:6379/0")

DATABASES = {"default": database(env("DATABASE_URL"), pool=True)}
if "DATABASE_OWNER_URL" in os.environ:
    DATABASES["owner"] = database(env("DATABASE_OWNER_URL"), pool=False) | {"TEST": {"MIRROR": "default"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "institute.core",
    "institute.people",
    "grants.donors",
    "grants.funding",
    "compute.capacity",
    "compute.allocations",
    "compute.jobs",
    "compute.tracking",
    "institute.catalog",
    "institute.staff",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "django_htmx",
    "csp",
    "rules.apps.AutodiscoverRulesConfig",
    "django_countries",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    # A provider that is not configured has no addresses: they could only fail.
    *[
        f"allauth.socialaccount.providers.{name}"
        for name in ("github", "orcid")
        if f"{name.upper()}_CLIENT_ID" in os.environ
    ],
    *(["allauth.socialaccount.providers.openid_connect"] if "OIDC_SERVER_URL" in os.environ else []),
    "axes",
    "django_structlog",
    "django_prometheus",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "institute.core.middleware.NulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "institute.people.middleware.ActorMiddleware",
    "institute.core.middleware.DomainErrorMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "institute.urls"
ASGI_APPLICATION = "institute.asgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "institute" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "institute.core.context.institute",
            ],
        },
    },
]

# People and sign-in.
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# By name: an address would lead out of the reader's language.
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "catalog:home"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "institute.people.adapter.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
for _provider in ("github", "orcid"):
    if f"{_provider.upper()}_CLIENT_ID" in os.environ:
        SOCIALACCOUNT_PROVIDERS[_provider] = {
            "APP": {
                "client_id": env(f"{_provider.upper()}_CLIENT_ID"),
                "secret": env(f"{_provider.upper()}_CLIENT_SECRET"),
            }
        }
if "OIDC_SERVER_URL" in os.environ:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "APPS": [
            {
                "provider_id": "institute",
                "name": env("OIDC_NAME", "Single sign-on"),
                "client_id": env("OIDC_CLIENT_ID"),
                "secret": env("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": env("OIDC_SERVER_URL")},
            }
        ]
    }
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "institute.people.adapter.name_tried"
AXES_LOCKOUT_TEMPLATE = "account/locked_out.html"
# The lock-out is axes': it lasts over restarts and is seen by staff.
ACCOUNT_RATE_LIMITS = {"login_failed": False}
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]

# Browsers share cookies between ports: the names carry ours.
SESSION_COOKIE_NAME = f"headwaters_session_{PORT}"
CSRF_COOKIE_NAME = f"headwaters_csrf_{PORT}"
LANGUAGE_COOKIE_NAME = f"headwaters_language_{PORT}"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("BEHIND_PROXY", False) else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 100
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Language and time.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "institute" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "institute" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
EMAIL_BACKEND = env("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "headwaters@localhost")

# Background work. A message is a nudge: nothing is lost with the broker.
SWEEP_SECONDS = int(env("SWEEP_SECONDS", "5"))
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 900
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 1800, "socket_timeout": 5}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "relay-outbox": {"task": "institute.core.tasks.task_relay_outbox", "schedule": SWEEP_SECONDS},
    "activate-pledges": {"task": "grants.funding.tasks.task_activate_due_pledges", "schedule": 60},
    "mark-due": {"task": "grants.funding.tasks.task_mark_due", "schedule": 3600},
    "sweep-lost-runs": {"task": "compute.tracking.tasks.task_sweep_lost_runs", "schedule": 60},
    "seal-audit": {"task": "institute.core.tasks.task_seal_audit", "schedule": 60},
    "sweep-jobs": {"task": "compute.jobs.tasks.task_sweep_jobs", "schedule": SWEEP_SECONDS},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "institute.people.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["institute.people.access.ScopedPermission"],
    "DEFAULT_PARSER_CLASSES": ["institute.core.parsers.JSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "institute.core.api.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "institute.core.api.problem_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "STRICT_JSON": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Headwaters",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

# Ports that later apps fill (ARCHITECTURE rule 1): dotted paths of the fillers.
PORTS = {
    "funding.accelerator_types": "compute.capacity.queries.type_choices",
    "core.chain": "institute.catalog.ports_filled.chain_of",
    "jobs.environment": "compute.tracking.job_environment.environment_of",
    "jobs.inputs": "institute.catalog.job_inputs.JobInputs",
    "tracking.is_published": "institute.catalog.queries.visibility.is_run_published",
}
# Panels that later apps show on earlier objects' pages: kind of object → dotted paths.
PANELS: dict[str, list[str]] = {
    "funding.pledge": [
        "compute.allocations.views.panels.pledge_balances",
        "institute.catalog.panels.became_of",
    ],
    "donors.donor": ["institute.catalog.panels.became_of"],
    "allocations.allocation": ["institute.catalog.panels.became_of"],
    "allocations.project": ["institute.catalog.panels.of_project"],
    "jobs.job": ["compute.tracking.panels.job_panel", "institute.catalog.panels.publish_job"],
}
EXTRA_RECIPES = env_list("HEADWATERS_EXTRA_RECIPES")
LOCAL_JOBS_DIR = DATA_DIR / "jobs"
FAULT_POINTS = env("FAULT_POINTS", "")
METRICS_TOKEN = env("METRICS_TOKEN", "")

from institute.core.logs import LOGGING as LOGGING  # noqa: E402  (needs nothing above; kept apart for length)

DJANGO_STRUCTLOG_CELERY_ENABLED = True
