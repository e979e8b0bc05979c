"""Files that are whole or not there.

Everything is written under a temporary name beside its place, flushed to the disk and moved into
place at the end; whatever goes wrong on the way (a full disk, Ctrl-C, our own bug) leaves nothing.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tre_toolkit.errors import TreError

PART = ".part"  # what an unfinished file or folder is called until it is moved into place


@contextmanager
def new_file(path: Path, *, replace: bool = False, mode: int = 0o644) -> Iterator[Path]:
    """Give a temporary path to write; on a clean exit it is synced and becomes `path`.

    Raises TreError when `path` exists and `replace` is false, or when its folder doesn't exist.
    """
    _check_place(path, replace=replace)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        yield part
        _sync(part)
        os.replace(part, path) if replace else _move_new(part, path)
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path, *, replace: bool = False, mode: int = 0o755) -> Iterator[Path]:
    """Give a temporary folder to fill; on a clean exit it becomes `path`, else it is removed.

    Raises TreError when `path` exists (and isn't an empty folder) and `replace` is false.
    """
    if path.is_dir() and not any(path.iterdir()):
        path.rmdir()
    _check_place(path, replace=replace)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
    part.mkdir(mode=mode)
    try:
        yield part
        for file in sorted(part.rglob("*")):
            _sync(file)
        if replace and path.exists():
            shutil.rmtree(path)
        part.rename(path)
        _sync(path.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_text(path: Path, text: str, *, replace: bool = False, mode: int = 0o644) -> Path:
    """Write `text` as UTF-8 with unix line ends, whole or not at all."""
    with new_file(path, replace=replace, mode=mode) as part:
        part.write_bytes(text.encode())
    return path


def digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_place(path: Path, *, replace: bool) -> None:
    if not path.parent.is_dir():
        raise TreError(
            "the folder to write into doesn't exist", where=str(path.parent), hint="make the folder first"
        )
    if path.exists() and not replace:
        raise TreError(
            "something stands here already", where=str(path), hint="name another place, or remove it"
        )


def _move_new(part: Path, path: Path) -> None:
    try:
        os.link(part, path)  # unlike rename, fails when somebody else made `path` meanwhile
    except FileExistsError:
        raise TreError("something stands here already", where=str(path), hint="name another place") from None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
