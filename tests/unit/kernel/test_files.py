"""A file is whole or not there, whatever goes wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.files import digest, new_file, new_folder, write_text


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def test_a_file_that_is_finished_is_there_and_nothing_else(tmp_path: Path) -> None:
    with new_file(tmp_path / "a.txt") as part:
        part.write_text("whole")
        assert not (tmp_path / "a.txt").exists()
    assert left(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "whole"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device"), ValueError])
def test_a_file_that_fails_leaves_nothing(tmp_path: Path, error: BaseException | type[BaseException]) -> None:
    with pytest.raises(BaseException) as caught, new_file(tmp_path / "a.txt") as part:
        part.write_text("half")
        raise error
    assert caught.type is (error if isinstance(error, type) else type(error))
    assert left(tmp_path) == []


def test_a_folder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "out") as part:
        (part / "deep").mkdir()
        (part / "deep" / "a.txt").write_text("half")
        raise KeyboardInterrupt
    assert left(tmp_path) == []


def test_a_folder_that_is_finished_is_moved_into_place(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()  # an empty folder may stand there already
    with new_folder(tmp_path / "out") as part:
        (part / "a.txt").write_text("whole")
    assert left(tmp_path) == ["a.txt", "out"]


def test_nothing_is_written_over_unless_asked(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "first")
    with pytest.raises(TreError, match="something stands here already"):
        write_text(tmp_path / "a.txt", "second")
    assert (tmp_path / "a.txt").read_text() == "first"
    write_text(tmp_path / "a.txt", "second", replace=True)
    assert (tmp_path / "a.txt").read_text() == "second"


def test_a_file_made_meanwhile_by_another_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(TreError, match="something stands here already"), new_file(tmp_path / "a.txt") as part:
        part.write_text("ours")
        (tmp_path / "a.txt").write_text("theirs")
    assert (tmp_path / "a.txt").read_text() == "theirs"
    assert left(tmp_path) == ["a.txt"]


def test_a_full_folder_is_not_replaced_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept.txt").write_text("kept")
    with pytest.raises(TreError, match="something stands here already"), new_folder(tmp_path / "out"):
        pass
    with new_folder(tmp_path / "out", replace=True) as part:
        (part / "new.txt").write_text("new")
    assert left(tmp_path) == ["new.txt", "out"]


def test_a_missing_parent_is_said(tmp_path: Path) -> None:
    with pytest.raises(TreError, match="make the folder first"):
        write_text(tmp_path / "no" / "a.txt", "x")


def test_a_secret_is_written_for_its_owner_only(tmp_path: Path) -> None:
    write_text(tmp_path / "secret", "x", mode=0o600)
    assert os.stat(tmp_path / "secret").st_mode & 0o777 == 0o600


def test_the_digest_is_sha256(tmp_path: Path) -> None:
    write_text(tmp_path / "abc", "abc")  # FIPS 180-2, appendix B.1
    assert digest(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_folder_of_children_is_its_owners_only(tmp_path: Path) -> None:
    with new_folder(tmp_path / "workspace", mode=0o700) as part:
        (part / "people.txt").write_text("whole")
    assert os.stat(tmp_path / "workspace").st_mode & 0o777 == 0o700
