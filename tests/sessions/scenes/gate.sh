# a gate with its people (each with NAME.password), one request of two protected tables and a figure submitted
cp -r "$JOURNEY/workspace" "$JOURNEY/outputs" .
umask 077
echo "a passphrase of the gate's own" >signer.pass
for who in ada ben cam sam dee; do echo "the long password of $who" >"$who.password"; done
tre gate new gate --pack dfe-cin --workspace workspace --passphrase-file signer.pass
at_gate() { who=$1; shift; tre "$@" --gate gate --as "$who" --password-file "$who.password"; }
account() { tre gate user add "$1" --role "$2" --person "$3" --gate gate --password-file "$1.password"; }
account ada researcher "Ada Researcher"
account ben checker "Ben Checker"
account cam checker "Cam Checker"
account sam senior_checker "Sam Senior"
account dee release_officer "Dee Officer"
at_gate ada request new --title "Pathways, furthest state and flow" --context "Aggregate tables of invented children."
at_gate ada request add 1 outputs/safe/furthest_by_ethnicity.csv outputs/safe/state_flow.csv
at_gate ada request submit 1
