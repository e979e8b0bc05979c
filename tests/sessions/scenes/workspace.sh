# a researcher's folder: a synthetic workspace of two authorities, and the outputs of one study
cp -r "$JOURNEY/workspace" "$JOURNEY/outputs" .
