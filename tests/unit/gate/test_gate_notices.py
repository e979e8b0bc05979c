"""Notices: sent on each change people wait for, signed, without a file's name; a failing one stops nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tre_toolkit.gate import reviews

TELLING = "very-telling-name.csv"


@pytest.fixture
def hook() -> Iterator[Any]:
    """A listener on loopback that keeps what it was sent."""
    heard: list[tuple[dict[str, str], bytes]] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/x", heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def post() -> Iterator[Any]:
    """A mail server on loopback that keeps each message."""
    heard: list[str] = []

    class Desk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 desk\r\n")
            text, data = "", False
            while line := self.rfile.readline().decode():
                if data and line == ".\r\n":
                    data = False
                    heard.append(text)
                    self.wfile.write(b"250 kept\r\n")
                elif data:
                    text += line
                elif line.upper().startswith("DATA"):
                    data = True
                    self.wfile.write(b"354 go on\r\n")
                elif line.upper().startswith("QUIT"):
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Desk)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}", heard
    server.shutdown()
    server.server_close()


def test_a_webhook_is_told_signed_and_without_a_file(house: Any, hook: Any) -> None:
    address, heard = hook
    house.gate = replace(house.gate, webhook=address)
    key = house.approved(TELLING)
    assert [json.loads(body)["state"] for _, body in heard] == ["submitted", "approved"]
    secret = (house.gate.folder / "web.secret").read_bytes().strip() + b"/webhook"
    for headers, body in heard:
        assert headers["X-Gate-Signature"] == "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        assert b"telling" not in body
        assert json.loads(body)["request"] == int(key)


def test_an_e_mail_says_that_something_waits_and_no_more(house: Any, post: Any) -> None:
    address, heard = post
    house.gate = replace(
        house.gate, mail_server=address, mail_from="gate@example.org", mail_to=("c@example.org",)
    )
    house.submitted(TELLING)
    assert len(heard) == 1
    assert "request 1 waits for review" in heard[0]
    assert "telling" not in heard[0]
    assert "Ada" not in heard[0]


def test_a_notice_that_fails_stops_nothing_and_is_written_down(house: Any) -> None:
    house.gate = replace(
        house.gate, webhook="http://127.0.0.1:9/x", mail_server="127.0.0.1:9", mail_to=("c@example.org",)
    )
    key = house.submitted()
    assert house.state(key) == "submitted"
    assert "notice not sent" in house.gate.log.read_text()
    house.gate = replace(house.gate, webhook="file:///etc/passwd", mail_to=())
    reviews.give_back(house.gate, house.ben, key, note="x")
    assert house.state(key) == "returned"


def test_votes_are_announced_to_nobody(house: Any, hook: Any) -> None:
    address, heard = hook
    key = house.submitted()
    house.gate = replace(house.gate, webhook=address)
    reviews.vote(house.gate, house.ben, key, approve=True)
    assert heard == []
