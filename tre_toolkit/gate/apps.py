"""The gate as a Django application."""

from django.apps import AppConfig


class GateApp(AppConfig):
    name = "tre_toolkit.gate"
    label = "gate"
    verbose_name = "Release gate"
