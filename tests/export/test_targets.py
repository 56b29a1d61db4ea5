"""Folders that are replaced whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.export.targets import replacing_folder


def fill(folder: Path, text: str) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "file").write_text(text)


def content(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def place(tmp_path) -> Path:
    """A folder that stands there already, with a file the new one will not have."""
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "old").write_text("old")
    return tmp_path / "place"


def test_a_folder_appears_whole_with_its_parents(tmp_path):
    place = tmp_path / "a" / "b"
    with replacing_folder(place) as temporary:
        fill(temporary, "new")
        assert not place.exists()
    assert content(tmp_path) == {"a/b/inner/file": "new"}


def test_the_old_folder_stands_until_the_new_one_is_complete(place):
    with replacing_folder(place) as temporary:
        fill(temporary, "new")
        assert content(place) == {"old": "old"}
    assert content(place.parent) == {"place/inner/file": "new"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError("bug")])
def test_an_interruption_leaves_the_old_folder_and_nothing_else(place, error):
    with pytest.raises((KeyboardInterrupt, RuntimeError)), replacing_folder(place) as temporary:
        fill(temporary, "new")
        raise error
    assert content(place.parent) == {"place/old": "old"}
    assert list(place.parent.iterdir()) == [place]


def test_the_old_folder_is_put_back_if_the_new_one_cannot_take_its_place(place, monkeypatch):
    rename = Path.rename

    def failing(self, target):
        if "-new-" in self.name:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with (
        pytest.raises(UsageError, match="cannot write .*place: No space left on device"),
        replacing_folder(place) as new,
    ):
        fill(new, "new")
    assert content(place.parent) == {"place/old": "old"}


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("keep me")
    with (
        pytest.raises(UsageError, match="cannot write .*file/place: "),
        replacing_folder(tmp_path / "file" / "place"),
    ):
        pytest.fail("the block must not run")
    assert content(tmp_path) == {"file": "keep me"}
