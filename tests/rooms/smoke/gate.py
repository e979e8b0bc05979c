"""The gate alone: a gate is made, a request is opened, an outsider is refused."""

import sys
from pathlib import Path

from tre_toolkit.cli import run

place = Path(sys.argv[1])
for name in ("passphrase", "ada"):
    (place / name).write_text("plain words for a test\n")
    (place / name).chmod(0o600)
gate = str(place / "gate")
assert run(["gate", "new", gate, "--passphrase-file", str(place / "passphrase")]) == 0
login = ["--password-file", str(place / "ada")]
assert (
    run(["gate", "user", "add", "ada", "--gate", gate, "--role", "researcher", "--person", "Ada", *login])
    == 0
)
at_gate = ["--gate", gate, "--as", "ada", *login]
assert (
    run(
        ["request", "new", *at_gate, "--title", "A table", "--context", "Counts of invented children by need"]
    )
    == 0
)
assert (
    run(
        [
            "release",
            "make",
            "1",
            *at_gate,
            "--into",
            str(place / "release"),
            "--passphrase-file",
            str(place / "passphrase"),
        ]
    )
    == 1
)
assert not (place / "release").exists()
assert run(["audit", "verify", str(place / "gate" / "audit.log")]) == 0
print("gate works")
