"""Django's settings for the gate: the same for every gate; only the database and the session key differ."""

from __future__ import annotations

from typing import Any

SETTINGS: dict[str, Any] = {
    "DATABASES": {"default": {"ENGINE": "django.db.backends.dummy"}},
    "INSTALLED_APPS": ["django.contrib.sessions", "tre_toolkit.gate.apps.GateApp"],
    "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
    "USE_TZ": True,
    "TIME_ZONE": "UTC",
    "LANGUAGE_CODE": "en-gb",
    "USE_I18N": False,
    "DEBUG": False,
    "LOGGING_CONFIG": None,
}
