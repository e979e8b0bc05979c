"""What leaves the authority: one file, sealed for one recipient and signed by one sender.

`seal` writes a parcel and `open_parcel` reads one; `show` reads only what stands in clear, the
manifest. A parcel's keys are in `keys`, its zip in `archive`, the encrypted stream in `stream`,
and what the manifest says in `manifest`. Nothing of a parcel is used before all of it verifies.
"""

from __future__ import annotations

from tre_toolkit.lazy import from_homes

_HOMES = {
    "seal": "tre_toolkit.parcel.sealing",
    "open_parcel": "tre_toolkit.parcel.opening",
    "show": "tre_toolkit.parcel.opening",
    "verify": "tre_toolkit.parcel.opening",
    "take_in": "tre_toolkit.parcel.receipts",
    "Parcel": "tre_toolkit.parcel.opening",
    "Facts": "tre_toolkit.parcel.manifest",
    "Manifest": "tre_toolkit.parcel.manifest",
    "Part": "tre_toolkit.parcel.manifest",
    "TokenColumn": "tre_toolkit.parcel.manifest",
    "Recipient": "tre_toolkit.parcel.keys",
    "RecipientKey": "tre_toolkit.parcel.keys",
}
__all__ = list(_HOMES)

__getattr__ = from_homes(__name__, _HOMES)
