"""The signer: a process of its own that holds the gate's key and signs only what it finds voted on.

It listens on a socket in the gate's folder, answers only processes of its own user (or root), and before
it signs a release it reads the votes itself. Pages and API reach it through `RemoteSigner`; whoever takes over
the web server can ask, but a release without two people's votes on its bytes gets no signature.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from pathlib import Path
from typing import Any

from tre_toolkit.audit import ORIGIN
from tre_toolkit.errors import TreError
from tre_toolkit.gate import worklog
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.verify import PURPOSE, REVOCATION
from tre_toolkit.signing import Signer, Verifier

NOTE = "note"  # a checkpoint of the log
PURPOSES = (PURPOSE, REVOCATION, NOTE)
LARGEST = 50_000_000
PATIENCE = 60


def socket_of(gate: Gate) -> Path:
    """Where the signer listens."""
    return gate.folder / "signer.sock"


class RemoteSigner:
    """Asks the signer process; stands wherever a `Signer` does."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    @classmethod
    def of(cls, gate: Gate) -> Signer:
        """One for this gate. Raises TreError when no signer is at work."""
        with contextlib.suppress(OSError), _connect(gate):
            remote: Any = cls(gate)
            return remote  # type: ignore[no-any-return]
        raise TreError(
            "the gate's signer is not at work",
            hint="its keeper starts it with `tre gate signer`; or use `tre release make` with the passphrase",
        )

    @property
    def verifier(self) -> Verifier:
        return self._gate.verifier()

    def sign_note(self, text: bytes) -> bytes:
        return self.sign(text, purpose=NOTE)

    def sign(self, message: bytes, *, purpose: str) -> bytes:
        with _connect(self._gate) as line:
            _send(line, purpose.encode())
            _send(line, message)
            answer = _receive(line)
        if not answer.startswith(b"signed"):
            raise TreError(f"the signer refused: {answer.decode(errors='replace')}")
        return answer[6:]


def serve(gate: Gate, signer: Signer) -> None:
    """Answer until the process is ended."""
    path = socket_of(gate)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        before = os.umask(0o177)
        listening.bind(str(path))
        os.umask(before)
        listening.listen()
        try:
            while True:
                line, _ = listening.accept()
                with line, contextlib.suppress(OSError):
                    line.settimeout(PATIENCE)
                    _answer(gate, signer, line)
        finally:
            path.unlink(missing_ok=True)


def _answer(gate: Gate, signer: Signer, line: socket.socket) -> None:
    if not _is_ours(line):
        return
    purpose, message = _receive(line).decode(), _receive(line)
    if not purpose:
        return
    try:
        check_mandate(gate, message, purpose)
        made = signer.sign_note(message) if purpose == NOTE else signer.sign(message, purpose=purpose)
        _send(line, b"signed" + made)
        worklog.note(gate, "signed", purpose=purpose)
    except TreError as refused:
        worklog.note(gate, "not signed", purpose=purpose if purpose in PURPOSES else "other")
        _send(line, refused.problem.what.encode())


def check_mandate(gate: Gate, message: bytes, purpose: str) -> None:
    """Raise TreError unless the message is one the gate's own records bear out."""
    if purpose == NOTE and message.startswith(f"{ORIGIN}\n".encode()):
        return
    if purpose == REVOCATION:
        return
    if purpose != PURPOSE:
        raise TreError("the signer doesn't sign for this purpose")
    from tre_toolkit.gate import orm
    from tre_toolkit.gate.requests import outputs
    from tre_toolkit.gate.reviews import approvals, open_failures

    orm.close()  # a fresh look at the database
    told = json.loads(message)
    release = orm.models.Release.objects.filter(number=told["release"]).select_related("request").first()
    if (
        release is None
        or release.request.state != "releasing"
        or release.request.pk != told["request"]["number"]
    ):
        raise TreError("no release of this name is under way")
    held = {f"data/{v.file.path}": v for v in outputs(release.request)}
    claimed = {output["path"]: output["sha256"] for output in told["outputs"]}
    if {path: v.sha256 for path, v in held.items()} != claimed:
        raise TreError("these are not the files of the request")
    for path, version in held.items():
        enough = len(approvals(gate, release.request, version)) >= gate.reviewers
        if not enough or open_failures(version) or told["files"][path]["sha256"] != version.sha256:
            raise TreError("two people did not approve these bytes")


def _is_ours(line: socket.socket) -> bool:
    """Whether the other end is a process of this user or root."""
    _pid, uid, _gid = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return uid in (os.geteuid(), 0)


def _connect(gate: Gate) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(PATIENCE)
    try:
        line.connect(str(socket_of(gate)))
    except OSError:
        line.close()
        raise
    return line


def _send(line: socket.socket, raw: bytes) -> None:
    line.sendall(struct.pack(">I", len(raw)) + raw)


def _receive(line: socket.socket) -> bytes:
    size = _exactly(line, 4)
    if len(size) < 4:
        return b""
    length = struct.unpack(">I", size)[0]
    return _exactly(line, min(length, LARGEST))


def _exactly(line: socket.socket, count: int) -> bytes:
    raw = b""
    while len(raw) < count and (more := line.recv(min(count - len(raw), 1 << 16))):
        raw += more
    return raw
