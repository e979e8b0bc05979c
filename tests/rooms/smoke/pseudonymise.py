"""Pseudonymise alone: a return drawn by hand becomes a sealed, signed parcel."""

import sys
from pathlib import Path

from tre_toolkit.cli import run

place = Path(sys.argv[1])
(place / "passphrase").write_text("plain words for a test\n")
(place / "passphrase").chmod(0o600)
secret = ["--passphrase-file", str(place / "passphrase")]
(place / "tre.toml").write_text(
    'id = "smoke"\ntitle = "Smoke"\npurpose = "A test"\ndatasets = ["cin_census"]\n[authorities]\n990 = "Marshland"\n'
)
(place / "SYNTHETIC.json").write_text("{}")
(place / "cin_census_990_2025.xml").write_text(
    "<Message><Header><CollectionDetails><Collection>CIN</Collection><Year>2025</Year>"
    "<ReferenceDate>2025-03-31</ReferenceDate></CollectionDetails><Source><SourceLevel>L</SourceLevel><LEA>990</LEA>"
    "<SoftwareCode>By hand</SoftwareCode></Source></Header><Children><Child><ChildIdentifiers><LAchildID>A1</LAchildID>"
    "<UPN>N999199900001</UPN><PersonBirthDate>2012-05-13</PersonBirthDate><Sex>F</Sex></ChildIdentifiers>"
    "<ChildCharacteristics><Ethnicity>WBRI</Ethnicity></ChildCharacteristics><CINdetails>"
    "<CINreferralDate>2024-06-01</CINreferralDate><ReferralSource>2A</ReferralSource><PrimaryNeedCode>N1</PrimaryNeedCode>"
    "<ReferralNFA>0</ReferralNFA></CINdetails></Child></Children></Message>"
)
tre = [str(place / name) for name in ("signer.key", "tre.key", "project.key", "990.parcel")]
assert run(["parcel", "new-key", "signer", tre[0], *secret]) == 0
assert run(["parcel", "new-key", "transport", tre[1], *secret]) == 0
assert run(["key", "new", "--project", str(place / "tre.toml"), "--into", tre[2], *secret]) == 0
words = [
    "pseudonymise",
    str(place),
    "--project",
    str(place / "tre.toml"),
    "--key",
    tre[2],
    "--signer",
    tre[0],
]
assert run([*words, "--to", tre[1] + ".pub", "--into", tre[3], *secret]) == 0
assert run(["parcel", "verify", tre[3], "--trust", tre[0] + ".pub"]) == 0
print("pseudonymise works")
