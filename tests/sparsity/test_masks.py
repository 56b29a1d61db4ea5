"""Validated masks and their file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.masks import Masks

SHAPES = {"conv/kernel": (1, 1, 2, 3), "dense/kernel": (2, 4)}


@pytest.fixture
def masks() -> Masks:
    return Masks(
        {
            "conv/kernel": np.zeros((1, 1, 2, 3), bool),
            "dense/kernel": np.array([[1, 0, 1, 0], [0, 0, 0, 1]], bool),
        }
    )


def test_masks_know_how_many_weights_they_keep(masks):
    assert (masks.kept, masks.size, masks.density) == (3, 14, 3 / 14)
    assert masks.emptied() == ["conv/kernel"]
    assert list(masks) == list(SHAPES)


def test_masks_of_ones_keep_everything():
    ones = Masks.ones(SHAPES)
    assert {name: mask.shape for name, mask in ones.items()} == SHAPES
    assert (ones.kept, ones.density, ones.emptied()) == (14, 1.0, [])


def test_masks_of_no_layer_are_dense():
    assert Masks({}).density == 1.0


def test_masks_cannot_be_changed_neither_directly_nor_through_their_source():
    source = np.ones((2, 4), bool)
    masks = Masks({"a": source})
    source[:] = False
    assert masks.kept == 8
    with pytest.raises(ValueError, match="read-only"):
        masks["a"][0, 0] = False
    with pytest.raises(TypeError):
        masks["a"] = source


def test_a_mask_that_nobody_can_change_is_held_without_a_copy():
    frozen = np.ones((2, 4), bool)
    frozen.flags.writeable = False
    assert Masks({"a": frozen})["a"] is frozen


@pytest.mark.parametrize("mask", [np.ones(3, np.float32), np.ones(3, np.uint8), [True, False]])
def test_a_mask_that_is_not_bool_is_refused_with_its_layer(mask):
    with pytest.raises(UsageError, match="layer 'fc' is of type .*: give a NumPy array of bool"):
        Masks({"fc": mask})


def test_masks_are_equal_if_layers_and_values_are(masks):
    assert masks == Masks({name: masks[name] for name in reversed(list(masks))})
    assert masks != Masks.ones(SHAPES)
    assert masks != Masks({"dense/kernel": masks["dense/kernel"]})


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (SHAPES | {"fc": (2, 2)}, "no mask for layer 'fc'"),
        ({"conv/kernel": (1, 1, 2, 3)}, "unknown layer 'dense/kernel'"),
        (SHAPES | {"dense/kernel": (4, 2)}, r"layer 'dense/kernel' is \(4, 2\), its mask \(2, 4\)"),
    ],
)
def test_masks_of_another_model_are_refused_with_the_layer(masks, shapes, message):
    masks.check(SHAPES)
    with pytest.raises(UsageError, match=f"another model: .*{message}"):
        masks.check(shapes)


def test_a_mask_file_takes_one_bit_per_weight(tmp_path):
    path = tmp_path / "masks.npz"
    Masks({"a": np.random.default_rng(0).random((1000, 800)) < 0.5}).save(path)
    assert path.stat().st_size <= 800_000 / 8 + 1000


def test_the_same_masks_make_the_same_file(masks, tmp_path):
    masks.save(tmp_path / "first.npz")
    masks.save(tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_a_failed_save_leaves_the_old_file_and_nothing_else(masks, tmp_path, monkeypatch):
    path = tmp_path / "masks.npz"
    masks.save(path)

    def disk_full(file, **arrays):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", disk_full)
    with pytest.raises(UsageError, match="No space left"):
        Masks.ones(SHAPES).save(path)
    assert Masks.load(path) == masks
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"absent\.npz does not exist"):
        Masks.load(tmp_path / "absent.npz")


def text_array(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


@pytest.mark.parametrize(
    "arrays",
    [
        {"kernel": np.ones(3)},
        {"index": np.ones(3), "bits": np.ones(3, np.uint8)},
        {"index": text_array("[1]"), "bits": np.ones(3, np.uint8)},
        {"index": text_array('{"format": "another 2", "layers": []}'), "bits": np.ones(0, np.uint8)},
        {
            "index": text_array('{"format": "dsd_tf masks 1", "layers": [["a", [9]]]}'),
            "bits": np.ones(1, np.uint8),
        },
        {"index": text_array('{"format": "dsd_tf masks 1", "layers": [["a", [9]]]}'), "bits": np.ones(2)},
    ],
)
def test_array_files_that_hold_no_masks_are_refused(tmp_path, arrays):
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(UsageError, match=r"other\.npz is no mask file"):
        Masks.load(tmp_path / "other.npz")


@pytest.mark.parametrize("content", [b"", b"not a zip file"])
def test_files_of_another_kind_are_refused(tmp_path, content):
    (tmp_path / "notes.txt").write_bytes(content)
    with pytest.raises(UsageError, match=r"notes\.txt is damaged"):
        Masks.load(tmp_path / "notes.txt")


def test_pickled_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "pickle.npz", index=np.array([{"a": 1}], object), bits=np.ones(3, np.uint8))
    with pytest.raises(UsageError, match="allow_pickle=False"):
        Masks.load(tmp_path / "pickle.npz")


mask_dicts = st.dictionaries(
    st.text(max_size=5), hnp.arrays(bool, hnp.array_shapes(min_dims=0, min_side=0, max_side=5)), max_size=4
)


@given(mask_dicts)
def test_masks_come_back_from_their_file_as_they_were(arrays):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "masks.npz")
        masks = Masks(arrays)
        masks.save(path)
        loaded = Masks.load(path)
    assert loaded == masks
    assert list(loaded) == list(masks)


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_file_is_refused_or_gives_the_masks_it_held(data):
    masks = Masks({"a/b": np.arange(40).reshape(8, 5) % 3 == 0, "c": np.array([True, False, True])})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "masks.npz")
        masks.save(path)
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(0, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])
        try:
            assert Masks.load(path) == masks
        except UsageError as error:
            assert str(path) in str(error)


def test_every_flipped_bit_is_noticed_or_harmless(tmp_path):
    masks = Masks({"a": np.arange(24).reshape(4, 6) % 5 == 0})
    path = tmp_path / "masks.npz"
    masks.save(path)
    content = path.read_bytes()
    refused = 0
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        try:
            assert Masks.load(path) == masks
        except UsageError:
            refused += 1
    assert refused > len(content) / 2
