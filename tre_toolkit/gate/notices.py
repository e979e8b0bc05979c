"""Word to people that something waits: by e-mail and by a signed webhook, never with a file's name or content.

A notice says which gate, which request's number (or which account) and what happened; whoever wants more signs in. Notices go out
after the commit; one that can't be sent is written to the journal and stops nothing.
"""

from __future__ import annotations

import json
import smtplib
import urllib.request
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from tre_toolkit.gate import journal, orm, worklog
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.states import State

PATIENCE = 10  # seconds
TOLD = {
    State.SUBMITTED: "waits for review",
    State.REVIEWED: "needs a senior checker",
    State.RETURNED: "was returned to its author",
    State.APPROVED: "is approved and can be released",
    State.RELEASED: "was released",
    State.REJECTED: "was rejected",
    State.RECALLED: "was recalled",
    State.BLOCKED: "is blocked: stored bytes were altered",
}


def tell(gate: Gate, number: int, state: State) -> None:
    """Send word of a request's new state, where there is word to send and somewhere to send it."""
    if state in TOLD:
        text = f"{gate.name}: request {number} {TOLD[state]}"
        _tell(gate, text, {"request": number, "state": str(state)})


def tell_of_account(gate: Gate, login: str, event: str) -> None:
    """Send word of what happened to an account: its name and the event's, nothing else."""
    _tell(gate, f"{gate.name}: account {login}, {event}", {"account": login, "event": event})


def _tell(gate: Gate, text: str, facts: dict[str, str | int]) -> None:
    """Send by each way that is declared; one that fails is written to the journal."""
    ways = (("mail", gate.mail_to, _mail), ("webhook", gate.webhook, _hook))
    failed = [name for name, declared, send in ways if declared and not _sent(send, gate, text, facts)]
    if failed:
        with orm.change():
            journal.write(gate, "notice not sent", by="", ways=failed, **facts)


def _sent(send: Any, gate: Gate, text: str, facts: dict[str, str | int]) -> bool:
    try:
        send(gate, text, facts)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        worklog.note(gate, "notice not sent", error=type(error).__name__)
        return False
    return True


def _mail(gate: Gate, text: str, facts: dict[str, str | int]) -> None:
    del facts
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = gate.mail_from, ", ".join(gate.mail_to), text
    message.set_content(f"{text}.\n\nSign in to the gate to see more.\n")
    host, _, port = gate.mail_server.partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=PATIENCE) as server:
        server.send_message(message)


def _hook(gate: Gate, text: str, facts: dict[str, str | int]) -> None:
    """POST to the declared address, with an HMAC-SHA-256 over the body under the gate's webhook secret."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.hmac import HMAC

    if urlsplit(gate.webhook).scheme not in ("http", "https"):
        raise ValueError
    body = json.dumps({"gate": gate.id, **facts, "text": text}).encode()
    seal = HMAC((gate.folder / "web.secret").read_bytes().strip() + b"/webhook", SHA256())
    seal.update(body)
    headers = {"Content-Type": "application/json", "X-Gate-Signature": f"sha256={seal.finalize().hex()}"}
    asked = urllib.request.Request(gate.webhook, body, headers, method="POST")  # noqa: S310  # scheme checked above
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=PATIENCE).close()
