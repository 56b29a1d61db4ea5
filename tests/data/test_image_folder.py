import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.image_folder import ImageFolder
from dsd_tf.errors import UsageError


def write(file, pixels, encode=tf.io.encode_png):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(encode(np.asarray(pixels, np.uint8)).numpy())


def plain(value, height=4, width=4, channels=3):
    return np.full((height, width, channels), value)


@pytest.fixture
def folder(tmp_path):
    """train: 10/{a,b}, 2/{c}; test: 2/{d}; every image of one value."""
    write(tmp_path / "train/10/a.png", plain(10))
    write(tmp_path / "train/10/b.PNG", plain(20))
    write(tmp_path / "train/2/c.jpg", plain(30), tf.io.encode_jpeg)
    write(tmp_path / "test/2/d.jpeg", plain(40), tf.io.encode_jpeg)
    return tmp_path


def everything(source: ImageFolder, split: str):
    return source.read(split, np.arange(source.examples[split]))


def test_classes_are_numbered_by_their_sorted_names(folder):
    source = ImageFolder(folder)
    assert source.num_classes == 2
    assert source.examples == {"train": 3, "test": 1}
    train = everything(source, "train")
    assert train.images.shape == (3, 4, 4, 3) and train.images.dtype == np.uint8
    assert train.images[:, 0, 0, 0].tolist() == [10, 20, 30]
    assert train.labels.tolist() == [0, 0, 1], '"10" sorts before "2"'
    assert everything(source, "test").labels.tolist() == [1]


def test_only_the_examples_asked_for_are_read(folder):
    (folder / "train/10/b.PNG").write_bytes(b"")
    some = ImageFolder(folder).read("train", np.array([0, 2]))
    assert some.images[:, 0, 0, 0].tolist() == [10, 30]
    assert some.labels.tolist() == [0, 1]


def test_hidden_folders_and_other_files_are_left_alone(folder):
    write(folder / "train/.thumbnails/x.png", plain(1))
    (folder / "train/10/notes.txt").write_text("no image")
    source = ImageFolder(folder)
    assert (source.num_classes, source.examples["train"]) == (2, 3)


def test_val_tests_where_there_is_no_test_folder(folder):
    (folder / "test").rename(folder / "val")
    source = ImageFolder(folder)
    assert source.examples == {"train": 3, "test": 1}
    assert everything(source, "test").images[0, 0, 0, 0] == 40


def test_val_beside_test_validates(folder):
    write(folder / "val/10/v.png", plain(50))
    source = ImageFolder(folder)
    assert source.examples == {"train": 3, "test": 1, "validation": 1}
    assert everything(source, "validation").images[0, 0, 0, 0] == 50


def test_grey_files_stay_grey(folder):
    for file in list(folder.rglob("*.*")):
        file.unlink()
    write(folder / "train/10/a.png", plain(10, channels=1))
    write(folder / "train/2/b.png", plain(20, channels=1))
    write(folder / "test/2/c.png", plain(30, channels=1))
    source = ImageFolder(folder)
    assert source.image_shape == (4, 4, 1)
    assert everything(source, "train").images[..., 0].tolist() == [plain(v)[..., 0].tolist() for v in (10, 20)]


def test_transparency_is_dropped(folder):
    write(folder / "train/10/a.png", np.dstack([plain(10), plain(255, channels=1)]))
    assert everything(ImageFolder(folder), "train").images[0].tolist() == plain(10).tolist()


def test_images_of_other_sizes_are_scaled_and_cut(folder):
    tall = np.repeat(np.array([0, 80, 80, 0]), 8)[:, None, None] * np.ones((1, 16, 3))
    write(folder / "train/10/b.PNG", tall)
    source = ImageFolder(folder, image_size=2)
    train = everything(source, "train")
    assert train.images.shape == (3, 2, 2, 3)
    assert train.images[0].tolist() == plain(10, 2, 2).tolist()
    assert train.images[1, :, 0, 0].tolist() == [70, 70], "bilinear of width 8 reaches 8 pixels past the cut"


def test_a_file_that_cannot_be_decoded_is_named(folder):
    (folder / "train/2/c.jpg").write_bytes(b"not a picture")
    with pytest.raises(UsageError) as caught:
        everything(ImageFolder(folder), "train")
    assert str(caught.value) == f"image {folder}/train/2/c.jpg cannot be decoded as PNG or JPEG"


def test_a_truncated_file_is_named_even_if_it_is_the_first(folder):
    file = folder / "train/10/a.png"
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(UsageError, match="train/10/a.png cannot be decoded"):
        ImageFolder(folder)


def test_a_file_of_another_size_needs_an_image_size(folder):
    write(folder / "train/10/b.PNG", plain(20, 5, 4))
    with pytest.raises(UsageError) as caught:
        everything(ImageFolder(folder), "train")
    assert str(caught.value) == (
        f"image {folder}/train/10/b.PNG is 5x4, others are 4x4; give --image_size to make them equal"
    )


def test_a_test_class_that_train_lacks_is_refused(folder):
    write(folder / "test/zebra/z.png", plain(1))
    with pytest.raises(UsageError, match="class 'zebra' has no folder below train/"):
        ImageFolder(folder)


@pytest.mark.parametrize("missing", ["train", "test"])
def test_a_missing_split_is_refused(folder, missing):
    (folder / missing).rename(folder / "elsewhere")
    with pytest.raises(UsageError, match=r"image folder .* \(train/, test/, val/\): needs a train and a test"):
        ImageFolder(folder)


def test_a_split_without_images_is_refused(folder):
    (folder / "test/2/d.jpeg").unlink()
    with pytest.raises(UsageError, match="test: no PNG or JPEG file"):
        ImageFolder(folder)
