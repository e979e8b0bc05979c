"""Killed at any moment, a sealing leaves a whole parcel or none."""

import random
import signal
import subprocess
import sys
import time

from tre_toolkit.parcel import verify
from tre_toolkit.signing import Signer

SCRIPT = """
import sys
from pathlib import Path
import numpy as np, pyarrow as pa
from tre_toolkit.parcel import Facts, RecipientKey, seal
from tre_toolkit.signing import Signer
facts = Facts(project="invented", project_digest="", authority="990", profile="strict", standardiser="1",
              key_commitment="", catalogue_digest="", synthetic=True, counter=1)
key, signer = RecipientKey(bytes(range(96))), Signer(bytes(range(64)))
part = pa.table({"x": np.random.default_rng(1).random(200_000)})
print("ready", flush=True)
for number in range(10_000):
    seal(Path(sys.argv[1]) / f"{number}.parcel", {"payload/a": part}, facts, recipient=key.recipient, signer=signer)
"""


def test_killed_at_any_moment_it_leaves_whole_parcels_or_none(tmp_path):
    rng = random.Random(5)
    trusted = [Signer(bytes(range(64))).verifier]
    whole = unfinished = 0
    for attempt in range(6):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        with subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)], stdout=subprocess.PIPE) as sealing:
            sealing.stdout.readline()
            time.sleep(rng.uniform(0.02, 0.35))
            sealing.send_signal(signal.SIGKILL)
            sealing.wait()
        for path in folder.iterdir():
            if path.name.endswith(".parcel"):
                verify(path, trusted=trusted)
                whole += 1
            else:
                assert path.name.startswith(".")
                assert path.name.endswith(".part")
                unfinished += 1
    assert whole
    assert unfinished  # the kill did fall into a sealing at least once
