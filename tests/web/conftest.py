"""The same house as the unit tests', with browsers (Django's own client) for its people."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def _house_module() -> Any:
    name = "tre_gate_house"
    if name not in sys.modules:
        path = Path(__file__).parents[1] / "unit" / "gate" / "conftest.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


_house = _house_module()
fast_hashes = _house.fast_hashes
house = _house.house
fail = _house.fail
PASSWORD = _house.PASSWORD


@pytest.fixture
def browse(house: Any) -> Callable[..., Any]:
    """A client signed in as somebody (or as nobody), with CSRF checks on as in life when `strict`."""
    from django.test import Client

    from tre_toolkit.gate.web.server import make_app

    make_app(house.gate)

    def as_person(login: str | None = None, *, strict: bool = False) -> Any:
        client = Client(enforce_csrf_checks=strict, **{"tre.gate": house.gate, "HTTP_HOST": "localhost"})
        if login:
            client.get("/sign-in")
            words = {"login": login, "password": PASSWORD}
            if strict:
                words["csrfmiddlewaretoken"] = token(client.get("/sign-in"))
            assert client.post("/sign-in", words).status_code == 302
        return client

    return as_person


def token(response: Any) -> str:
    """The CSRF token in a page's first form."""
    text: str = response.content.decode()
    mark = 'name="csrfmiddlewaretoken" value="'
    return text.split(mark, 1)[1].split('"', 1)[0]
