"""Files are whole or absent: what stood there before survives every failure."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dsd_tf.errors import UsageError
from dsd_tf.files import (
    lock,
    read_arrays,
    read_json,
    remove_temporary,
    replacing,
    write_arrays,
    write_json,
    write_text,
)


def test_a_file_takes_its_place_only_when_the_block_ends_well(tmp_path):
    path = tmp_path / "deep" / "note.txt"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.suffix == path.suffix
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_what_was_there_before_survives_a_failure(tmp_path):
    path = tmp_path / "note.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_the_users_to_fix_and_leaves_no_half_file(tmp_path, file_size_limit):
    path = tmp_path / "weights.npz"
    write_arrays(path, {"w": np.ones(10)})
    with (
        file_size_limit(2000),
        pytest.raises(UsageError, match="cannot write .*weights.npz: File too large; what"),
    ):
        write_arrays(path, {"w": np.ones(10_000)})
    assert read_arrays(path)["w"].shape == (10,)
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_the_users_to_fix(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        write_text(tmp_path / "file" / "note.txt", "text")


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path):
    (tmp_path / "sub").mkdir()
    kept = [tmp_path / "a.npz", tmp_path / "sub" / "b.json", tmp_path / ".hidden"]
    for path in kept:
        path.write_text("")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "sub" / "c.npz") as temporary:
        temporary.write_text("half")
        left = temporary.rename(temporary.with_name(f"{temporary.name}"))
        (tmp_path / left.name).write_text("half")
        raise KeyboardInterrupt
    remove_temporary(tmp_path)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)


@given(
    arrays=st.dictionaries(
        st.text("abc/_0", min_size=1, max_size=6).filter(lambda name: not name.endswith("/")),
        hnp.arrays(
            st.sampled_from([np.float32, np.float64, np.int64, np.uint8, bool]),
            hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
        ),
        max_size=4,
    )
)
def test_arrays_come_back_bit_for_bit(tmp_path_factory, arrays):
    path = tmp_path_factory.mktemp("arrays") / "a.npz"
    write_arrays(path, arrays)
    found = read_arrays(path)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()


def test_every_truncation_and_every_flipped_byte_of_an_array_is_noticed(tmp_path):
    path = tmp_path / "a.npz"
    array = np.arange(12, dtype=np.float32)
    write_arrays(path, {"w": array})
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(UsageError, match="is damaged"):
            read_arrays(path)
    start = whole.index(array.tobytes())
    for place in range(start, start + array.nbytes):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(UsageError, match="is damaged"):
            read_arrays(path)


def test_pickled_objects_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, w=np.array([{}], dtype=object))
    with pytest.raises(UsageError, match="is damaged"):
        read_arrays(path)


@pytest.mark.parametrize("read", [read_arrays, read_json])
def test_an_absent_file_is_named(tmp_path, read):
    with pytest.raises(UsageError, match="nothing.npz does not exist"):
        read(tmp_path / "nothing.npz")


def test_json_is_sorted_so_that_equal_values_are_equal_files(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1, "a": [0.1]})
    write_json(tmp_path / "b.json", {"a": [0.1], "b": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert read_json(tmp_path / "a.json") == {"a": [0.1], "b": 1}
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [0.1], "b": 1}


def test_a_file_that_is_not_json_is_named(tmp_path):
    (tmp_path / "config.json").write_text('{"a": ')
    with pytest.raises(UsageError, match="config.json cannot be read"):
        read_json(tmp_path / "config.json")


def test_a_folder_is_locked_against_others_until_its_descriptor_is_closed(tmp_path):
    descriptor = lock(tmp_path, "run_dir")
    with pytest.raises(UsageError, match=f"--study_dir={tmp_path} is in use by another process"):
        lock(tmp_path, "study_dir")
    os.close(descriptor)
    os.close(lock(tmp_path, "study_dir"))
