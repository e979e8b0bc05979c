"""The peer's side of sealing: pyrage (age) over the same number of random bytes, in an environment of its own.

    python age.py MEBIBYTES

Prints seconds, the processor's and the clock's, for encrypting and then for decrypting.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import pyrage

size = int(sys.argv[1])
key = pyrage.x25519.Identity.generate()
with tempfile.TemporaryDirectory() as name:
    clear, sealed, again = (Path(name) / one for one in ("clear", "sealed", "again"))
    clear.write_bytes(os.urandom(1 << 20) * size)
    started, since = time.process_time(), time.monotonic()
    with clear.open("rb") as source, sealed.open("wb") as sink:
        pyrage.encrypt_io(source, sink, [key.to_public()])
    sealing = time.process_time() - started, time.monotonic() - since
    started, since = time.process_time(), time.monotonic()
    with sealed.open("rb") as source, again.open("wb") as sink:
        pyrage.decrypt_io(source, sink, [key])
    print(*sealing, time.process_time() - started, time.monotonic() - since)
