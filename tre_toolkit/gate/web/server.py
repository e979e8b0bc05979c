"""`tre gate serve`: the pages for one gate, on this machine's own address unless told otherwise."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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

    # Django's own words on a fault repeat addresses and messages: the work log tells of it instead
    told = logging.getLogger("django")
    told.handlers, told.propagate = [logging.NullHandler()], False
    handler = WSGIHandler()

    def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        environ["tre.gate"] = gate
        answer: Iterable[bytes] = handler(environ, start)
        return answer

    return app


class _Pool(WSGIServer):
    """Answers up to WORKERS at once; more wait their turn, so that a crowd is slow and never refused."""

    request_queue_size = 1024
    WORKERS = 16  # each holds one connection to the database while it answers

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        super().__init__(address, handler)
        self._pool = ThreadPoolExecutor(self.WORKERS, thread_name_prefix="gate")

    def process_request(self, request: Any, client_address: Any) -> None:
        self._pool.submit(self._answer, request, client_address)

    def server_close(self) -> None:
        super().server_close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _answer(self, request: Any, client_address: Any) -> None:
        try:
            with suppress(OSError):  # whoever asked went away, or was silent for too long
                self.finish_request(request, client_address)
        finally:
            self.shutdown_request(request)


class _Quiet(WSGIRequestHandler):
    """No access log on the terminal: addresses hold request numbers, and the work log knows what was asked."""

    timeout = 30  # seconds a browser may be silent in the middle of a request

    def log_message(self, format: str, *args: Any) -> None:
        return

    def address_string(self) -> str:
        return str(self.client_address[0])


def make_server(gate: Gate, host: str, port: int) -> WSGIServer:
    """A server that is bound and not yet serving; port 0 takes any free one."""
    server = _Pool((host, port), _Quiet)
    server.set_app(make_app(gate))
    return server
