"""Files of this room: whole or not there, the same bytes for the same content."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tre_toolkit.errors import TreError


def write_bytes(path: Path, content: bytes, *, replace: bool = False, mode: int = 0o644) -> Path:
    """Write under a temporary name, sync, move into place; whatever goes wrong leaves nothing."""
    if not path.parent.is_dir():
        raise TreError(
            "the folder to write into doesn't exist", where=str(path.parent), hint="make the folder first"
        )
    if path.is_symlink() and not path.exists():
        raise TreError("a link stands here that leads nowhere", where=str(path), hint="remove it first")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(part, path)
        else:
            os.link(part, path)  # unlike rename, refuses to overwrite
    except FileExistsError:
        raise TreError(
            "something stands here already", where=str(path), hint="name another place, or remove it"
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return path


def canonical(value: Mapping[str, Any] | list[Any]) -> bytes:
    """One JSON text for one value: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def pretty(value: Mapping[str, Any]) -> bytes:
    """JSON for people, in the order given."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def sha256(content: bytes) -> str:
    """The digest of these bytes, in hex."""
    return hashlib.sha256(content).hexdigest()
