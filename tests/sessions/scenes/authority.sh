# an authority's folder: its extracts, the project, its keys under one passphrase, the TRE's public key, a colleague's hello
cp -r "$JOURNEY/invented/990" extracts
cp "$JOURNEY/invented/tre.toml" .
cp "$JOURNEY/990/passphrase" "$JOURNEY/990/project.key" "$JOURNEY/990/signer.key" "$JOURNEY/990/signer.key.pub" .
cp "$JOURNEY/tre/tre.key.pub" .
