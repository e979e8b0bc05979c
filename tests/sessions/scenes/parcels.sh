# the linkage zone: two authorities' parcels and public keys, and the TRE's key
mkdir 990 991 tre
for at in 990 991; do cp "$JOURNEY/$at/$at.parcel" "$JOURNEY/$at/signer.key.pub" "$at"; done
cp "$JOURNEY/tre/tre.key" "$JOURNEY/tre/tre.key.pub" tre
cp "$JOURNEY/tre/passphrase" .
