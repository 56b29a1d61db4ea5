"""A .pt file gives integer vectors, or one line that says why it does not, and never runs anything."""

from __future__ import annotations

import collections
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsd_tf.data.label_noise.restricted_unpickler import read_pt
from dsd_tf.errors import UsageError

LABELS = {"clean_label": np.arange(5), "worse_label": np.array([4, 3, 200, 1, -1])}


def archive(path, members) -> None:
    with zipfile.ZipFile(path, "w") as written:
        for name, content in members.items():
            written.writestr(name, content)


def pt_file(path, content, protocol=2) -> None:
    """What `torch.save` makes of `content` where it holds no tensors."""
    raw = content if isinstance(content, bytes) else pickle.dumps(content, protocol)
    archive(path, {"archive/data.pkl": raw, "archive/version": "3\n"})


def refusal(path) -> str:
    with pytest.raises(UsageError) as caught:
        read_pt(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path} ")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "labels.pt"


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_integer_vectors_are_read_as_they_were_written(dtype, path):
    labels = {name: vector.astype(dtype) for name, vector in LABELS.items()}
    pt_file(path, labels)
    found = read_pt(path)
    assert list(found) == list(labels)
    for name, vector in found.items():
        assert vector.dtype == dtype
        assert vector.tolist() == labels[name].tolist()


def test_numpy_of_either_name_is_read(path):
    raw = pickle.dumps(LABELS, 2)
    old, new = b"numpy.core.multiarray", b"numpy._core.multiarray"
    for content in (raw.replace(new, old), raw.replace(old, new)):
        pt_file(path, content)
        assert read_pt(path)["worse_label"].tolist() == [4, 3, 200, 1, -1]


class Touch:
    """Unpickled by Python it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_code_is_not_run(path, tmp_path):
    pt_file(path, {"clean_label": Touch(tmp_path / "made")})
    assert refusal(path) == (
        f"is refused: its pickle asks for {os.mkdir.__module__}.mkdir; only a dict of NumPy's integer vectors is read"
    )
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "name", ["builtins.eval", "numpy.fromfile", "numpy.load", "_codecs.decode", "numpy.core.multiarray.array"]
)
def test_no_other_function_is_to_be_had(name, path):
    module, _, attribute = name.rpartition(".")
    pt_file(path, f"c{module}\n{attribute}\n.".encode())
    assert f"its pickle asks for {name};" in refusal(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"a": np.arange(3.0)}, "it has an array of 'f8'"),
        ({"a": np.array(["x"])}, "it has an array of 'U1'"),
        ({"a": np.zeros(2, [("x", "i4")])}, "it has an array of 'V4'"),
        ({"a": np.arange(3, dtype=">i4")}, "it has an array of numbers with fields or the highest byte first"),
        ({"a": np.zeros((2, 2), int)}, "it has an array of shape (2, 2) out of 4 numbers"),
        ({"a": np.arange(3), "b": 7}, "not all it holds are arrays and their names"),
        ({"a": "text"}, "not all it holds are arrays and their names"),
        ({7: np.arange(3)}, "not all it holds are arrays and their names"),
        ({"a": {"b": np.arange(3)}}, "not all it holds are arrays and their names"),
        (np.arange(3), "it holds something else"),
        ([np.arange(3)], "its pickle uses the instruction EMPTY_LIST"),
        ({"a": np.array([None])}, "its pickle uses the instruction EMPTY_LIST"),
        (collections.OrderedDict(a=np.arange(3)), "its pickle uses the instruction EMPTY_TUPLE"),
        ({"a": 1.5}, "its pickle uses the instruction BINFLOAT"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_anything_but_a_dict_of_integer_vectors_is_refused(content, reason, path):
    pt_file(path, content)
    assert refusal(path).startswith(f"is refused: {reason}")


def test_tensors_are_refused(path):
    pt_file(path, b"\x80\x02}X\x01\x00\x00\x00a(X\x07\x00\x00\x00storagetQs.")
    assert refusal(path).startswith("is refused: its pickle uses the instruction BINPERSID")


@pytest.mark.parametrize(
    "members",
    [
        {"archive/version": "3"},
        {"archive/data.pkl": pickle.dumps(LABELS, 2), "archive/data/0": b"storage"},
        {"archive/data.pkl": pickle.dumps(LABELS, 2), "other/data.pkl": pickle.dumps(LABELS, 2)},
        {"archive/code/data.pkl": pickle.dumps(LABELS, 2)},
        {},
    ],
    ids=["no pickle", "storage", "two pickles", "a folder", "nothing"],
)
def test_an_archive_of_anything_else_is_refused(members, path):
    archive(path, members)
    names = ", ".join(map(repr, members)) or "nothing"
    assert refusal(path).startswith(f"is refused: it is an archive of {names};")


def test_a_pickle_that_unpacks_to_too_much_is_not_unpacked(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("archive/data.pkl", bytes(1 << 27))
    assert path.stat().st_size < 1 << 20
    assert refusal(path).startswith("is refused: its pickle has 134,217,728 bytes, more than 67,108,864")


def test_room_is_not_made_for_objects_that_are_not_there(path):
    pt_file(path, b"\x80\x02}r" + struct.pack("<I", 2**32 - 1) + b".")
    assert refusal(path).startswith("is refused: its pickle numbers 4,294,967,295 objects")


def test_a_vector_shorter_than_it_says_is_refused(path):
    pt_file(path, pickle.dumps({"a": np.arange(5)}, 2).replace(b"K\x05\x85", b"K\x06\x85"))
    assert refusal(path).startswith("is refused: it has an array of shape (6,) out of 5 numbers")


def test_a_folder_is_refused(tmp_path):
    assert "Is a directory" in refusal(tmp_path)


def whole_file(folder) -> bytes:
    pt_file(folder / "whole.pt", LABELS)
    return (folder / "whole.pt").read_bytes()


def changed(raw: bytes, changes: list[tuple[int, int]], length: int) -> bytes:
    content = bytearray(raw)
    for place, byte in changes:
        content[place % len(content)] = byte
    return bytes(content[: length % (2 * len(content) + 1)])


CHANGES = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=4)
# half of the lengths leave the file whole
LENGTH = st.integers(0, 2**16)
SLOW = settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(changes=CHANGES, length=LENGTH)
def test_a_damaged_file_is_refused_or_gives_the_right_labels(changes, length, tmp_path):
    path = tmp_path / "changed.pt"
    path.write_bytes(changed(whole_file(tmp_path), changes, length))
    try:
        found = read_pt(path)
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert {name: vector.tolist() for name, vector in found.items()} == {
            name: vector.tolist() for name, vector in LABELS.items()
        }


@SLOW
@given(changes=CHANGES, length=LENGTH)
def test_a_changed_pickle_in_a_sound_archive_is_refused_or_gives_integer_vectors(changes, length, tmp_path):
    path = tmp_path / "changed.pt"
    pt_file(path, changed(pickle.dumps(LABELS, 2), changes, length))
    try:
        found = read_pt(path)
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert all(type(name) is str for name in found)
        assert all(vector.ndim == 1 and vector.dtype.kind in "iu" for vector in found.values())


def test_the_published_files_are_read_as_they_were_converted(real_data):
    for published, converted in (("CIFAR-10_human.pt", "cifar10n.npz"), ("CIFAR-100_human.pt", "cifar100n.npz")):
        found = read_pt(real_data / "noise" / published)
        with np.load(real_data / "noise" / converted) as expected:
            assert found.keys() == set(expected.files)
            assert all(np.array_equal(found[name], expected[name]) for name in found)
