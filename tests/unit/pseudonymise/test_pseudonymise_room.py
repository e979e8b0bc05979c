"""A limit of memory is kept or refused, and moves nothing of what leaves."""

import pytest

from pseudonymise import payload, people, room
from pseudonymise.planning import person_tables
from pseudonymise.room import check, check_opening, held
from pseudonymise.rows import count
from tre_toolkit.cli import run as tre
from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.keyfile import STANDARD, STRONG, Cost, memory_of

TOML = """
id = "invented"
title = "Invented pathways"
purpose = "Tests."
datasets = ["ssda903"]
[authorities]
990 = "North"
"""


def test_without_a_limit_nothing_is_asked_and_with_one_little_is_held(draw):
    check(None, [draw.cin()], jobs=8)
    assert held(None) is None
    assert held("1GB") == 10**9 // room.SHARE
    with pytest.raises(MisuseError, match="not an amount of memory"):
        held("plenty")


def test_a_limit_that_cannot_be_kept_is_refused_and_the_refusal_says_what_can(draw):
    check("1GB", [draw.cin()], jobs=1)
    with pytest.raises(MisuseError, match=r"need [\d,]+ MB at least") as refused:
        check("300MB", [draw.cin()], jobs=1)
    told = str(refused.value).split("--memory ")[1].split(",")[0]
    check(told, [draw.cin()], jobs=1)
    with pytest.raises(MisuseError):
        check(told, [draw.cin()], jobs=4)


@pytest.fixture
def keys(tmp_path, key, signer):
    """Key files that open cheaply; `memory` changes what one of them says that its opening takes."""
    words, cheap = b"four plain random words", Cost(memory=64, passes=1, lanes=1)
    (tmp_path / "passphrase").write_bytes(words)
    (tmp_path / "passphrase").chmod(0o600)
    key.write(tmp_path / "project.key", words, cost=cheap)
    signer.write(tmp_path / "signer.key", words, cost=cheap)

    def memory(name, cost):
        path = tmp_path / name
        path.write_text(path.read_text().replace('"memory": 64', f'"memory": {cost.memory}'))
        return path

    return memory


def test_a_key_file_says_what_its_opening_takes_without_its_passphrase(keys):
    assert memory_of(keys("project.key", STANDARD), kind="project") == 256 * 2**20
    assert memory_of(keys("signer.key", STRONG), kind="signer") == 2**30
    damaged = keys("signer.key", STRONG)
    damaged.write_text(damaged.read_text().replace('"memory"', '"room"'))
    with pytest.raises(TreError, match="damaged"):
        memory_of(damaged, kind="signer")


def test_a_limit_below_what_a_strong_key_takes_is_refused_and_the_refusal_says_what_can(keys):
    usual, strong = keys("project.key", STANDARD), keys("signer.key", STRONG)
    opening = {usual: memory_of(usual, kind="project")}
    check_opening("1GB", opening)
    check_opening(None, {strong: 2**30})
    opening[strong] = memory_of(strong, kind="signer")
    with pytest.raises(MisuseError, match="opening this key file takes 1,200 MB") as refused:
        check_opening("1GB", opening)
    assert "signer.key" in str(refused.value)
    told = str(refused.value).split("--memory ")[1].split(";")[0]
    check_opening(told, opening)


def test_the_command_refuses_a_strong_key_before_it_is_opened_or_a_return_is_read(
    keys, receiver, tmp_path, monkeypatch, capfd
):
    keys("project.key", STRONG)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tre.toml").write_text(TOML)
    (tmp_path / "tre.key.pub").write_text(f"{receiver.recipient}\n")
    before = sorted(tmp_path.iterdir())
    words = "pseudonymise nowhere --project tre.toml --key project.key --signer signer.key --to tre.key.pub"
    assert tre(f"{words} --into 990.parcel --passphrase-file nowhere --memory 1GB".split()) == 2
    assert "--memory 1200MB" in capfd.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_needed_grows_with_rows_and_children(draw, monkeypatch):
    small = draw.cin()
    names = [table.name for table in person_tables(small.schema)]
    assert names
    assert count(small, "cin_details") == 3
    monkeypatch.setattr(room, "ROW", 10**9)
    with pytest.raises(MisuseError):
        check("5GB", [small], jobs=1)
    check("50GB", [small], jobs=1)


def test_what_leaves_is_the_same_with_and_without_a_limit(run, draw, monkeypatch):
    """All but what is drawn by chance: with the same draws, the same rows in the same order."""
    import numpy as np

    def ids(number):
        return np.arange(1, number + 1)

    def order(number):
        return np.arange(number)[::-1]

    monkeypatch.setattr(payload, "fresh_ids", ids)
    monkeypatch.setattr("pseudonymise.batch.fresh_ids", ids)
    monkeypatch.setattr(people, "shuffled", order)
    monkeypatch.setattr("pseudonymise.spill.shuffled", order)
    _, whole = run([draw.cin()], draw.declared())
    _, spilled = run([draw.cin()], draw.declared(), held=0, log="other.log")
    assert whole.manifest.names == spilled.manifest.names
    assert whole.manifest.counts == spilled.manifest.counts
    for name in whole.manifest.names:
        one, other = whole.part(name), spilled.part(name)
        singles = [column for column in one.column_names if not column.startswith("n_")]  # lists hold chance
        assert one.select(singles).equals(other.select(singles)), name
