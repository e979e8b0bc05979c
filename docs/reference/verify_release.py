"""Check a release with nothing but Python 3.11 and `cryptography`: python verify_release.py RELEASE gate.pub

Ends with 0 and VERIFIED, or with 1 and REFUSED and the reason. Compare the fingerprint it prints with the gate's,
by telephone. (`tre verify` does the same, and reads revocations too.)
"""

import base64
import hashlib
import json
import os
import sys
import unicodedata as uni
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

SIGNED, SIGNATURE, TAGS = "release.json", "release.sig", "tagmanifest-sha512.txt"


def need(holds: bool, reason: str) -> None:  # noqa: FBT001
    if not holds:
        sys.exit(f"REFUSED {reason}")


def main(folder: Path, key_file: Path) -> None:
    word, key = key_file.read_text(encoding="ascii").split()
    public = base64.b64decode(key, validate=True)
    need(word == "tre-pub-signer-v1" and len(public) == 32 + 1952, "not a gate's public key")
    raw, text = (folder / SIGNED).read_bytes(), (folder / SIGNATURE).read_text(encoding="ascii")
    signature, message = bytes.fromhex(text), b"tre-toolkit/release/v1\0" + raw
    need(text == signature.hex() + "\n", "wrong-signature")
    Ed25519PublicKey.from_public_bytes(public[:32]).verify(signature[:64], message)
    MLDSA65PublicKey.from_public_bytes(public[32:]).verify(signature[64:], message)
    said, found, tags = json.loads(raw), set(), ""
    need(said["format"] == "tre-release-v1", "other-format")
    for here, folders, names in os.walk(folder):
        need(bool(folders or names), "extra")
        paths = [Path(here, name) for name in folders + names]
        need(all(not p.is_symlink() and (p.is_dir() or p.is_file()) for p in paths), "not-plain")
        found |= {path.relative_to(folder).as_posix() for path in paths if path.is_file()}
    expected = {*said["files"], SIGNED, SIGNATURE, TAGS}
    need(not expected - found, "missing")
    need(not found - expected, "extra")
    need(len({uni.normalize("NFKC", p).casefold() for p in found}) == len(found), "name-clash")
    for path in sorted(found - {TAGS}):
        data, facts = (folder / path).read_bytes(), said["files"].get(path)
        digest = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        need(facts in (None, digest), "altered")
        tags += "" if path.startswith("data/") else f"{hashlib.sha512(data).hexdigest()}  {path}\n"
    need((folder / TAGS).read_bytes() == tags.encode(), "bad-bag")
    mark = "-".join(hashlib.sha256(public).hexdigest()[at : at + 4] for at in range(0, 32, 4))
    sys.stdout.write(f"VERIFIED release {said['release']}, signed by {mark}\n")


try:
    main(*map(Path, sys.argv[1:]))
except (InvalidSignature, OSError, ValueError, KeyError, TypeError, AttributeError) as refused:
    need(False, f"wrong or unreadable ({type(refused).__name__})")  # noqa: FBT003
