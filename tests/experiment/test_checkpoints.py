"""The newest two checkpoints are kept; a damaged one has a predecessor."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.checkpoints import Checkpoints


@pytest.fixture
def said():
    return []


@pytest.fixture
def checkpoints(tmp_path, said):
    return Checkpoints(tmp_path / "checkpoints", said.append)


def save(checkpoints, *values):
    for value in values:
        checkpoints.save({"w": np.array([value])})


def names(checkpoints):
    return sorted(path.name for path in checkpoints.folder.iterdir())


def test_nothing_is_loaded_where_nothing_was_saved(checkpoints, said):
    assert checkpoints.load() is None
    assert said == []


def test_the_newest_two_are_kept(checkpoints):
    save(checkpoints, 0, 1, 2, 3)
    assert names(checkpoints) == ["000002.npz", "000003.npz"]
    assert checkpoints.load()["w"] == [3]


def test_another_process_counts_on(checkpoints, said):
    save(checkpoints, 0, 1)
    save(Checkpoints(checkpoints.folder, said.append), 2)
    assert names(checkpoints) == ["000001.npz", "000002.npz"]


def test_numbers_are_compared_as_numbers(checkpoints):
    save(checkpoints, 5)
    (checkpoints.folder / "000000.npz").rename(checkpoints.folder / "999999.npz")
    save(checkpoints, 6)
    assert names(checkpoints) == ["1000000.npz", "999999.npz"]
    assert checkpoints.load()["w"] == [6]


def test_a_damaged_one_is_passed_over_for_its_predecessor_saying_so(checkpoints, said):
    save(checkpoints, 0, 1)
    newest = checkpoints.folder / "000001.npz"
    newest.write_bytes(newest.read_bytes()[:-20])
    assert checkpoints.load()["w"] == [0]
    [line] = said
    assert "000001.npz is damaged" in line
    assert "going back to the one before it" in line


def test_if_both_are_damaged_there_is_none_and_both_are_named(checkpoints, said):
    save(checkpoints, 0, 1)
    for path in checkpoints.folder.iterdir():
        path.write_bytes(b"")
    assert checkpoints.load() is None
    assert [("000001" in said[0]), ("000000" in said[1])] == [True, True]
    assert all("or else to the start of the phase" in line for line in said)


def test_one_that_cannot_be_written_leaves_those_before_it_intact(checkpoints, file_size_limit):
    save(checkpoints, 0, 1)
    with file_size_limit(1000), pytest.raises(UsageError, match="cannot write"):
        checkpoints.save({"w": np.zeros(1000)})
    assert names(checkpoints) == ["000000.npz", "000001.npz"]
    assert checkpoints.load()["w"] == [1]


def test_clearing_removes_all_of_them_and_can_be_repeated(checkpoints):
    save(checkpoints, 0, 1)
    checkpoints.clear()
    checkpoints.clear()
    assert not checkpoints.folder.exists()
    assert checkpoints.load() is None
