"""The confined child: bytes on standard input, the type as argument, `{"html", "notes"}` on standard output.

Takes its limits before it reads a byte. Imports what one type needs and nothing else; knows no gate, no database
and no key.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from collections.abc import Callable

Shower = Callable[[bytes], tuple[str, list[str]]]
HOMES = {
    "csv": "texts:csv_table",
    "tsv": "texts:tsv_table",
    "txt": "texts:plain",
    "log": "texts:plain",
    "json": "texts:json_tree",
    "md": "pages:markdown",
    "html": "pages:html",
    "ipynb": "pages:notebook",
    "svg": "pictures:svg",
    "png": "pictures:bitmap",
    "jpg": "pictures:bitmap",
    "pdf": "pictures:pdf",
    "xlsx": "workbook:workbook",
}


LIMITS = {
    resource.RLIMIT_CPU: 10,  # seconds
    resource.RLIMIT_AS: 1_500_000_000,  # bytes; a PDF engine and Pillow need some
    resource.RLIMIT_FSIZE: 0,  # it writes no file
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_CORE: 0,  # and no picture of its memory
}


def confine() -> None:
    """Take the limits on; they can't be raised again."""
    for what, most in LIMITS.items():
        resource.setrlimit(what, (most, most))
    os.umask(0o777)


def main() -> None:
    confine()
    module, name = HOMES[sys.argv[1]].split(":")
    show: Shower = getattr(importlib.import_module(f"tre_toolkit.gate.render.{module}"), name)
    html, notes = show(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps({"html": html, "notes": notes}))


if __name__ == "__main__":
    main()
