"""`tre gate serve`: the pages for one gate, on this machine's own address unless told otherwise."""

from __future__ import annotations

import socketserver
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from tre_toolkit.gate.folder import Gate


def make_app(gate: Gate) -> Callable[..., Iterable[bytes]]:
    """The WSGI application of one gate."""
    from django.conf import settings

    secret = (gate.folder / "web.secret").read_text().strip()
    settings.SECRET_KEY = secret
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *gate.hosts]
    if gate.hosts:  # a proxy in front ends TLS; on loopback browsers take our Secure cookies as they are
        settings.SECURE_SSL_REDIRECT = True
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    from django.core.handlers.wsgi import WSGIHandler

    handler = WSGIHandler()

    def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        environ["tre.gate"] = gate
        answer: Iterable[bytes] = handler(environ, start)
        return answer

    return app


class _Threads(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Quiet(WSGIRequestHandler):
    """No access log on the terminal: addresses hold request numbers, and the journal knows what was done."""

    def log_message(self, format: str, *args: Any) -> None:
        return

    def address_string(self) -> str:
        return str(self.client_address[0])


def make_server(gate: Gate, host: str, port: int) -> WSGIServer:
    """A server that is bound and not yet serving; port 0 takes any free one."""
    server = _Threads((host, port), _Quiet)
    server.set_app(make_app(gate))
    return server
