"""Folders of classes, and the list that numbers them."""

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.class_folders import open_class_folders, read_synsets
from dsd_tf.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    """val/cat: two images, val/ant: one, of one value each."""
    for name, value in (("cat/b.png", 20), ("cat/a.JPEG", 10), ("ant/c.png", 30)):
        file = tmp_path / "val" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(tf.io.encode_png(np.full((1, 1, 3), value, np.uint8)).numpy())
    return tmp_path / "val"


def content(stream):
    return [(int(tf.io.decode_image(stream.read(source))[0, 0, 0]), int(label)) for source, label in stream.items]


def listed(tmp_path, text):
    (tmp_path / "synsets.txt").write_text(text)
    return tmp_path / "synsets.txt"


def test_a_class_is_its_line_in_the_list(folder, tmp_path):
    stream = open_class_folders(folder, listed(tmp_path, "bee\ncat\ndog\nant\n"), 4)
    assert content(stream) == [(10, 1), (20, 1), (30, 3)]
    assert (stream.examples, stream.num_classes) == (3, 4)
    assert [stream.example(position) for position in (0, 2)] == [
        str(folder / "cat/a.JPEG"),
        str(folder / "ant/c.png"),
    ]


def test_a_line_may_go_on_with_a_description(tmp_path):
    assert read_synsets(listed(tmp_path, "n01440764 tench, Tinca tinca\nn01443537 goldfish\n")) == [
        "n01440764",
        "n01443537",
    ]


def test_without_a_list_the_folders_are_numbered_by_their_sorted_names(folder):
    assert content(open_class_folders(folder, None, 2)) == [(30, 0), (10, 1), (20, 1)]
    assert open_class_folders(folder, None, None).num_classes == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("bee\ncat\n", "class 'ant' is not in .*synsets.txt"),
        ("ant\ncat\nant\n", "synsets.txt: line 3 repeats 'ant' of line 1"),
        ("ant\n\ncat\n", "synsets.txt: line 2 names no class"),
        ("", "synsets.txt is empty"),
        ("ant\ncat\nbee\n", "synsets.txt lists 3 classes, the network tells 2 apart"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(folder, tmp_path, text, line):
    with pytest.raises(UsageError, match=line):
        open_class_folders(folder, listed(tmp_path, text), 2 if text[-4:] == "bee\n" else None)


def test_a_list_that_cannot_be_read_is_refused(folder, tmp_path):
    with pytest.raises(UsageError, match="absent.txt cannot be read: No such file"):
        open_class_folders(folder, tmp_path / "absent.txt", None)
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="binary.txt cannot be read: not a text file"):
        read_synsets(tmp_path / "binary.txt")


def test_folders_that_are_not_the_network_s_classes_are_refused(folder):
    with pytest.raises(UsageError, match="folders of 2 classes, the network tells 1000 apart; --synsets=FILE"):
        open_class_folders(folder, None, 1000)


def test_a_folder_that_is_not_there_and_one_without_images_are_refused(tmp_path):
    with pytest.raises(UsageError, match="absent does not exist"):
        open_class_folders(tmp_path / "absent", None, None)
    with pytest.raises(UsageError, match="no PNG or JPEG file"):
        open_class_folders(tmp_path, None, None)
