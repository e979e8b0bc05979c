"""Django's settings for the gate: the same for every gate; only the database and the session key differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SETTINGS: dict[str, Any] = {
    "DATABASES": {"default": {"ENGINE": "django.db.backends.dummy"}},
    "INSTALLED_APPS": ["django.contrib.sessions", "tre_toolkit.gate.apps.GateApp"],
    "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
    "ROOT_URLCONF": "tre_toolkit.gate.web.urls",
    "SECRET_KEY": "each-gate-sets-its-own-key-before-it-serves",
    "MIDDLEWARE": [
        "tre_toolkit.gate.web.guard.logged",
        "tre_toolkit.gate.web.guard.headers",
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "tre_toolkit.gate.web.guard.password_with_each_call",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "tre_toolkit.gate.web.guard.who_is_it",
        "tre_toolkit.gate.web.guard.refusals",
    ],
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(__file__).parent / "web" / "templates"],
            "OPTIONS": {"context_processors": ["tre_toolkit.gate.web.guard.page_context"]},
        }
    ],
    "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]"],
    "SESSION_COOKIE_NAME": "__Host-gate",
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Strict",
    "SESSION_COOKIE_AGE": 8 * 3600,
    "CSRF_USE_SESSIONS": True,
    "CSRF_COOKIE_SECURE": True,
    "CSRF_FAILURE_VIEW": "tre_toolkit.gate.web.guard.csrf_refused",
    "SECURE_CONTENT_TYPE_NOSNIFF": True,
    "SECURE_REFERRER_POLICY": "same-origin",  # no-referrer would make a form of ours look foreign
    "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_HSTS_PRELOAD": True,
    "X_FRAME_OPTIONS": "DENY",
    # W008: only a gate with host names of its own stands behind TLS and redirects to it (see web.server)
    "SILENCED_SYSTEM_CHECKS": ["security.W008"],
    "DATA_UPLOAD_MAX_MEMORY_SIZE": 25_000_000,
    "FILE_UPLOAD_MAX_MEMORY_SIZE": 25_000_000,
    "DATA_UPLOAD_MAX_NUMBER_FIELDS": 200,
    "APPEND_SLASH": False,
    "USE_TZ": True,
    "TIME_ZONE": "UTC",
    "LANGUAGE_CODE": "en-gb",
    "USE_I18N": False,
    "DEBUG": False,
    "LOGGING_CONFIG": None,
}
