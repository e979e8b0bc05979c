"""A key's life: shared among people, compared between authorities, replaced, destroyed."""

import itertools
import json

import pytest

from pseudonymise.comparing import code, is_same, read_hello, write_hello
from pseudonymise.ending import check_certificate, destroy, rotate
from pseudonymise.keys import Key
from pseudonymise.shares import Share, _inverse, _times, join, split
from tre_toolkit import audit
from tre_toolkit.errors import TreError
from tre_toolkit.keyfile import Cost
from tre_toolkit.signing import Signer

CHEAP = Cost(memory=64, passes=1, lanes=1)
WORDS = b"four plain random words"


@pytest.mark.parametrize(("of", "needed"), [(3, 2), (5, 3), (4, 4), (2, 2)])
def test_every_set_of_enough_shares_makes_the_key(key, of, needed):
    made = split(key, of=of, needed=needed)
    for chosen in itertools.combinations(made, needed):
        assert join(chosen) == key
    assert join(list(reversed(made))) == key


def test_too_few_shares_are_refused_and_repeating_one_doesn_t_help(key):
    made = split(key, of=3, needed=2)
    with pytest.raises(TreError, match="2 different shares are needed, 1 "):
        join([made[0], made[0]])


def test_one_share_of_two_is_uniform(key):
    """Chi-square over the 256 values of each byte, for 800 splits of one key."""
    counts = [0] * 256
    for _ in range(800):
        for byte in bytes.fromhex(split(key, of=2, needed=2)[0].body):
            counts[byte] += 1
    expected = 800 * 32 / 256
    chi = sum((count - expected) ** 2 / expected for count in counts)
    assert 150 < chi < 400  # 255 degrees of freedom: mean 255, deviation 22.6


def test_a_damaged_share_is_found_out_and_shares_of_two_ceremonies_don_t_mix(key):
    made = split(key, of=3, needed=2)
    damaged = Share(**{f: getattr(made[1], f) for f in ("project", "number", "of", "needed", "set", "tag")},
                    body=made[1].body[:-1] + ("0" if made[1].body[-1] != "0" else "1"))  # fmt: skip
    with pytest.raises(TreError, match="damaged"):
        join([made[0], damaged])
    with pytest.raises(TreError, match="different sets"):
        join([made[0], split(key, of=3, needed=2)[1]])


@pytest.mark.parametrize(("of", "needed"), [(3, 1), (2, 3), (0, 0), (300, 2)])
def test_numbers_that_make_no_sense_are_refused(key, of, needed):
    with pytest.raises(TreError, match="make no sense"):
        split(key, of=of, needed=needed)


def test_a_share_lies_in_a_key_file_of_its_own(tmp_path, key):
    made = split(key, of=2, needed=2)
    path = made[0].write(tmp_path / "share-1.key", WORDS, cost=CHEAP)
    assert Share.read(path, WORDS) == made[0]
    assert made[0].body not in path.read_text() + repr(made[0])


def test_the_field_of_256_elements_is_one():
    assert _times(0x57, 0x83) == 0xC1  # FIPS 197, section 4.2
    assert all(_times(element, _inverse(element)) == 1 for element in range(1, 256))


@pytest.fixture
def hellos(tmp_path):
    return [read_hello(write_hello(tmp_path / f"{name}.hello")) for name in ("990", "991")]


def test_holders_of_one_key_convince_each_other(key, hellos):
    north, south = hellos
    said = code(Key(key._secret, key.project), mine=south, theirs=north)
    assert is_same(key, mine=north, theirs=south, heard=said.upper().replace("-", " "))


def test_another_key_another_project_an_echo_and_an_old_code_convince_nobody(key, hellos, tmp_path):
    north, south = hellos
    fresh = read_hello(write_hello(tmp_path / "again.hello"))
    wrong = [
        code(Key.new("invented"), mine=south, theirs=north),
        code(Key(key._secret, "another"), mine=south, theirs=north),
        code(key, mine=north, theirs=south),
        code(key, mine=south, theirs=fresh),
        "",
    ]
    assert not any(is_same(key, mine=north, theirs=south, heard=said) for said in wrong)
    with pytest.raises(TreError, match="the same one"):
        code(key, mine=north, theirs=north)


@pytest.mark.parametrize("text", ["", "tre-hello-v1 zz", "x " + "00" * 32, "tre-hello-v1 00"])
def test_what_isn_t_a_hello_is_refused(tmp_path, text):
    (tmp_path / "x").write_text(text)
    with pytest.raises(TreError, match="not a hello"):
        read_hello(tmp_path / "x")


def test_rotation_makes_another_key_for_the_same_project_and_logs_it(tmp_path, key):
    old = key.write(tmp_path / "project.key", WORDS, cost=CHEAP)
    log = tmp_path / "audit.log"
    former, new = rotate(old, tmp_path / "new.key", WORDS, log=log, reason="a holder left", cost=CHEAP)
    assert former == key != new
    assert new.project == key.project
    (event,) = audit.events(log)
    assert event.facts["old"] == key.fingerprint
    assert key._secret.hex() not in log.read_text()


def test_a_new_key_wraps_every_project_id_afresh_and_the_same_key_keeps_them(tmp_path, key, draw):
    people = pytest.importorskip("tre_toolkit.linkage.people")
    old = key.write(tmp_path / "project.key", WORDS, cost=CHEAP)
    _, new = rotate(old, tmp_path / "new.key", WORDS, log=tmp_path / "audit.log", reason="drill", cost=CHEAP)
    digest = draw.declared().digest

    def ids(held):
        wrapped = people.project_key(held.project, digest, held.commitment)
        return {people._digest(wrapped, number) for number in range(500)}

    assert ids(key) == ids(Key.read(old, WORDS))
    assert len(ids(key) | ids(new)) == 1000


def test_destruction_removes_the_file_and_leaves_a_certificate_that_can_be_checked(tmp_path, key, signer):
    path = key.write(tmp_path / "project.key", WORDS, cost=CHEAP)
    paper, log = tmp_path / "destroyed.txt", tmp_path / "audit.log"
    destroy(path, paper, signer=signer, log=log, reason="the project ended")
    assert not path.exists()
    assert check_certificate(paper, signer.verifier)["key"] == key.fingerprint
    with pytest.raises(TreError, match="signature is not right"):
        check_certificate(paper, Signer.new().verifier)
    paper.write_text(paper.read_text().replace("ended", "began"))
    with pytest.raises(TreError, match="signature is not right"):
        check_certificate(paper, signer.verifier)
    assert json.loads(log.read_text())["event"] == "key destroyed"


def test_without_a_place_for_the_certificate_nothing_is_destroyed(tmp_path, key, signer):
    path = key.write(tmp_path / "project.key", WORDS, cost=CHEAP)
    taken = tmp_path / "destroyed.txt"
    taken.write_text("x")
    with pytest.raises(TreError, match="stands here already"):
        destroy(path, taken, signer=signer, log=tmp_path / "audit.log", reason="")
    assert Key.read(path, WORDS) == key
