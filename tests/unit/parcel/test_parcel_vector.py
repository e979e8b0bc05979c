"""A parcel of version 1 that was made once and must open for ever; and its seal undone by the reference page alone."""

import datetime
import hashlib
import json
import zipfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite

from tre_toolkit.parcel import RecipientKey, open_parcel
from tre_toolkit.signing import Signer

FILE = Path(__file__).parents[2] / "vectors" / "parcel-v1.parcel"
SEED = bytes(range(96))


def test_the_published_parcel_still_opens():
    opened = open_parcel(FILE, key=RecipientKey(SEED), trusted=[Signer(bytes(range(64))).verifier])
    assert opened.manifest.names == ["payload/cin_census/2025/cin_details", "tokens/cin_census/2025"]
    assert opened.part("tokens/cin_census/2025").to_pydict() == {
        "record_id": [5, 9],
        "t_upn": [bytes(range(16)), None],
        "n_upn_any": [[bytes(range(16)), bytes(16)], None],
    }
    assert opened.part("payload/cin_census/2025/cin_details")["CINreferralDate"].to_pylist() == [
        datetime.date(2024, 6, 1),
        None,
        datetime.date(2025, 1, 9),
    ]
    assert opened.manifest.tokens["n_upn_any"].is_list


def test_the_reference_page_is_enough_to_unseal_it():
    """Written from docs/reference/parcel.md with a zip reader and a cryptographic library, none of our code."""
    name = "tokens/cin_census/2025"
    with zipfile.ZipFile(FILE) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        sealed = archive.read(f"parts/{name}")
    (part,) = (one for one in manifest["parts"] if one["name"] == name)
    assert hashlib.sha256(sealed).hexdigest() == part["sha256"]
    facts = {word: manifest[word] for word in ("format", "parcel", "project", "project_digest", "recipient")}
    context = json.dumps({**facts, "part": name}, sort_keys=True, separators=(",", ":")).encode()
    private = MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(SEED[:64]), X25519PrivateKey.from_private_bytes(SEED[64:])
    )
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    key = suite.decrypt(sealed[:1168], private, info=context)
    nonce = (0).to_bytes(11, "big") + b"\1"
    clear = ChaCha20Poly1305(key).decrypt(nonce, sealed[1168:], hashlib.sha256(context).digest())
    assert clear[:4] == clear[-4:] == b"PAR1"
