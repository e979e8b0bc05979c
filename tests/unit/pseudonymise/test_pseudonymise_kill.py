"""Killed while it spills, the whole command leaves a whole parcel or none, nothing else, and nobody's identifier."""

import json
import os
import subprocess
import sys

import pytest
from helpers.canaries import CANARIES, authority_s_folder, found_in

from tre_toolkit.parcel import verify
from tre_toolkit.signing import Signer

WORDS = (
    "pseudonymise extracts --project tre.toml --key project.key --signer signer.key --to tre.key.pub "
    "--into out/990.parcel --passphrase-file passphrase --authority 990 --own-map ours/own.csv"
)

# One interpreter forks a command for each moment, so that libraries are loaded once. The command is the real one; all
# that is changed is how little stays in memory, and that it kills itself as it writes to (or reads from) its spill.
SCRIPT = """
import json, os, signal, sys
from pathlib import Path
from pseudonymise import room
import pandas, pyarrow.csv, pyarrow.parquet, pseudonymise.batch
from tre_toolkit.cli import run
from tre_toolkit.returns import find, read
from tre_toolkit.schema import schema
for dataset in ("ssda903", "school_census"):
    schema(dataset, 2025)

room.SHARE = 10**12  # nothing stays in memory
words, root, temporary = json.loads(sys.argv[1]), Path(sys.argv[2]), os.path.realpath(os.environ["TMPDIR"])
write, read = os.pwrite, os.preadv

def nameless():
    "Sizes of the files in the temporary folder that are open and stand in no folder."
    sizes = []
    for number in os.listdir("/proc/self/fd"):
        try:
            name, size = os.readlink(f"/proc/self/fd/{number}"), os.fstat(int(number)).st_size
        except OSError:
            continue
        if name.startswith(temporary) and name.endswith("(deleted)"):
            sizes.append(size)
    return sizes

def command(name, call, moment):
    folder = root / name
    os.chdir(folder)
    sys.stdout = open(folder / "said", "w")
    sys.stderr = open(folder / "told", "w")
    os.dup2(sys.stdout.fileno(), 1), os.dup2(sys.stderr.fileno(), 2)
    seen = {"write": 0, "read": 0}

    def tell():
        sizes = nameless()
        (root / f"{name}.json").write_text(json.dumps({**seen, "files": len(sizes), "bytes": sum(sizes)}))

    def counted(kind, real):
        def one(file, block, at):
            seen[kind] += 1
            if kind == call and seen[kind] == moment:
                if kind == "write":
                    real(file, block[: len(block) // 2], at)  # killed with half a block on the disk
                tell()
                os.kill(os.getpid(), signal.SIGKILL)
            return real(file, block, at)
        return one

    os.pwrite, os.preadv = counted("write", write), counted("read", read)
    status = run(words[name])
    tell()
    sys.stdout.flush(), sys.stderr.flush()
    os._exit(status)

for line in sys.stdin:
    name, call, moment = json.loads(line)
    if not (child := os.fork()):
        command(name, call, moment)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


# the run, what it is killed at and when: a moment below nought is counted from the last of the ordinary run, 0.5 is its
# middle. The last two reads are of the own map, one of each return; the one before is of the last part that is sealed.
MOMENTS = {
    "first": ("write", 1),
    "middle": ("write", 0.5),
    "last": ("write", -1),
    "sealing": ("read", -3),
    "mapping": ("read", -1),
}
LIMITS = {"ordinary": "1GB", "refused": "1GB", "short": "300MB"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder of all runs, and each run's exit status."""
    root = tmp_path_factory.mktemp("killed")
    (root / "temporary").mkdir()
    names = [*LIMITS, *MOMENTS]
    for name in names:
        for inside in ("out", "ours"):
            (root / name / inside).mkdir(parents=True)
        authority_s_folder(root / name, "extracts", spoilt=name == "refused")
    words = {name: [*WORDS.split(), "--memory", LIMITS.get(name, "1GB")] for name in names}
    status = {}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, json.dumps(words), str(root)],
        env={**os.environ, "TMPDIR": str(root / "temporary")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as commands:

        def play(name, call="", moment=0):
            print(json.dumps([name, call, moment]), file=commands.stdin, flush=True)
            status[name] = int(commands.stdout.readline())

        for name in LIMITS:
            play(name)
        whole = seen(root, "ordinary")
        for name, (call, moment) in MOMENTS.items():
            at = whole[call] // 2 if moment == 0.5 else moment
            play(name, call, at if at > 0 else whole[call] + 1 + at)
        commands.stdin.close()
    return root, status


def seen(root, name):
    """What a run counted as it ended or was killed: writes, reads, nameless files and their bytes."""
    return json.loads((root / f"{name}.json").read_text())


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


def given_away(root, name):
    """File to the identifiers in it, for all that a run left but what it was given, and its own map."""
    left_out = [root / name / "extracts", root / name / "ours"]
    return found_in(root / name, CANARIES.values(), but=left_out)


def test_the_canaries_are_found_where_they_do_stand(runs):
    root, _ = runs
    found = found_in(root / "ordinary", CANARIES.values())
    assert {word for words in found.values() for word in words} >= {
        word.lower().encode() for word in CANARIES.values()
    }
    assert "ours/own.csv" in found  # the authority's own map names its children, and nothing else does


def test_an_ordinary_run_that_spills_all_leaves_its_parcel_and_nobodys_identifier(runs):
    root, status = runs
    assert status["ordinary"] == 0
    assert seen(root, "ordinary")["write"] > 10
    assert files_in(root / "ordinary" / "out") == ["990.parcel"]
    assert files_in(root / "ordinary" / "ours") == ["own.csv"]
    assert given_away(root, "ordinary") == {}


@pytest.mark.parametrize(("name", "exit_"), [("refused", 1), ("short", 2)])
def test_a_refused_run_leaves_nothing_and_nobodys_identifier(runs, name, exit_):
    root, status = runs
    assert status[name] == exit_
    assert (seen(root, name)["write"] > 0) is (
        name == "refused"
    )  # an identifier is found in what was spilled
    assert files_in(root / name / "out") == files_in(root / name / "ours") == []
    assert given_away(root, name) == {}


@pytest.mark.parametrize("name", MOMENTS)
def test_killed_with_a_spill_on_the_disk_it_leaves_no_file_and_nobodys_identifier(runs, name):
    root, status = runs
    assert status[name] == -9
    assert (
        seen(root, name)["files"] > 1
    )  # the rows that were read and what was made of them, both in nameless files
    assert seen(root, name)["bytes"] > 0
    out, ours = root / name / "out", root / name / "ours"
    if (
        name == "sealing"
    ):  # what was sealed so far, which only the receiver could open, and under no parcel's name
        (left,) = files_in(out)
        assert left.startswith(".990.parcel.")
        assert left.endswith(".part")
    else:
        assert files_in(out) == (["990.parcel"] if name == "mapping" else [])
    for left in ours.iterdir():  # a map that was begun stays with its owner, and is nobody else's to read
        assert name == "mapping"
        assert left.name.startswith(".own.csv.")
        assert left.stat().st_mode & 0o777 == 0o600
    assert given_away(root, name) == {}


def test_no_run_leaves_anything_in_the_temporary_folder(runs):
    root, _ = runs
    assert list((root / "temporary").iterdir()) == []


def test_every_parcel_that_stands_is_whole(runs):
    root, _ = runs
    parcels = sorted(root.rglob("*.parcel"))
    assert {path.parent.parent.name for path in parcels if not path.name.startswith(".")} == {
        "mapping",
        "ordinary",
    }
    for path in parcels:
        verify(path, trusted=[Signer(bytes(range(64))).verifier])
