"""Real-format files that no one here wrote, with all their dirt: counted, never an abort, and nobody given away."""

from pathlib import Path

import pytest

from pseudonymise import pseudonymise
from pseudonymise.batch import Options
from tre_toolkit.errors import Problems
from tre_toolkit.parcel import open_parcel
from tre_toolkit.project import Limits
from tre_toolkit.returns import find, read

SAMPLES = Path(__file__).parents[3].parent / "shared" / "samples"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real-format files (../shared/samples) aren't here"),
]
LEFT_BEHIND = {
    "cin_census.child_identifiers.Sex": "drop",
    "cin_census.cin_details.PreProceedingsandFGDM": "drop",
    "school_census.pupilnolongeronroll.preferredsurname": "drop",
}
EVERYONE = {"201": "A", "975": "B", "990": "C"}


@pytest.fixture
def run(tmp_path, draw, key, receiver, signer):
    declared = draw.declared(
        datasets=("cin_census", "ssda903", "school_census"),
        authorities=EVERYONE,
        fates=LEFT_BEHIND,
        adoption="together",
        limits=Limits(common_tokens=1),  # the sample's names are FOR or SUR and a number, so all are alike
    )

    def run(found):
        return_ = read(found)
        path = tmp_path / "x.parcel"
        made = pseudonymise(
            [return_],
            declared,
            key,
            to=receiver.recipient,
            signer=signer,
            into=path,
            log=tmp_path / "audit.log",
            options=Options(authority=return_.authority or "990"),
        )
        return return_, made, open_parcel(path, key=receiver, trusted=[signer.verifier])

    return run


@pytest.mark.parametrize("folder", ["d2i_903_fake", "d2i_cin_fake", "liia_school_census_2025_spring"])
def test_every_sample_is_pseudonymised_and_what_is_wrong_is_counted(run, folder, tmp_path):
    for found in find([SAMPLES / folder]):
        return_, made, parcel = run(found)
        (place,) = {name for name in parcel.manifest.names if name.startswith("tokens/")}
        tokens = parcel.part(place)
        assert tokens.num_rows == made.counts["children"] > 0
        assert made.counts["rows read"] == return_.rows_read
        assert made.counts["children without upn"] == tokens["t_upn"].null_count
        (tmp_path / "x.parcel").unlink()


def test_names_that_are_all_alike_are_stopped_by_the_exposure_gate(draw, key, receiver, signer, tmp_path):
    (found,) = find([SAMPLES / "liia_school_census_2025_spring"])
    declared = draw.declared(datasets=("school_census",), fates=LEFT_BEHIND)
    with pytest.raises(Problems, match="t_given_surname_birth_year"):
        pseudonymise(
            [read(found)],
            declared,
            key,
            to=receiver.recipient,
            signer=signer,
            into=tmp_path / "x.parcel",
            log=tmp_path / "audit.log",
            options=Options(authority="990"),
        )
    assert list(tmp_path.iterdir()) == []


def test_of_the_looked_after_sample_s_upns_only_the_107_right_ones_give_a_token(run):
    (found,) = find([SAMPLES / "d2i_903_fake"])
    _, made, parcel = run(found)
    tokens = parcel.part("tokens/ssda903/2018", columns=["t_upn", "t_local_id"])
    assert tokens.num_rows - tokens["t_upn"].null_count == 107
    assert tokens["t_local_id"].null_count == 0
    assert made.counts["children without postcode"] > 0


def test_no_number_name_or_address_of_the_samples_stands_in_what_the_receiver_reads(run, tmp_path):
    for folder, columns in {
        "d2i_903_fake": {"header": ["CHILD", "UPN"], "episodes": ["HOME_POST", "PL_POST"]},
        "liia_school_census_2025_spring": {
            "pupilonroll": ["upn", "surname", "forename", "pupilonrolltableid"]
        },
    }.items():
        (found,) = find([SAMPLES / folder])
        return_, _, parcel = run(found)
        secret = {
            value
            for table, names in columns.items()
            for name in names
            for value in return_.tables[table][name].dropna()
        }
        assert len(secret) > 1000
        for name in parcel.manifest.names:
            for column in parcel.part(name).columns:
                if str(column.type) == "string":
                    assert not secret & set(column.unique().to_pylist()), name
        (tmp_path / "x.parcel").unlink()
