import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data import sources
from dsd_tf.data.images import Images
from dsd_tf.data.label_noise.noise import LabelNoise
from dsd_tf.data.pixels import channel_statistics
from dsd_tf.data.sources import load
from dsd_tf.errors import UsageError


class FakeSource:
    """Image i has label i % 2 and, as its one pixel, i plus an offset that tells its split."""

    num_classes = 2
    image_shape = (1, 1, 1)
    offsets = {"train": 0, "validation": 100, "test": 200}

    def __init__(self, **examples):
        self.examples = examples

    def read(self, split, index):
        pixels = (index + self.offsets[split]).astype(np.uint8).reshape(-1, 1, 1, 1)
        return Images(pixels, (index % self.num_classes).astype(np.int32))


@pytest.fixture
def fake(monkeypatch):
    def install(source):
        monkeypatch.setattr(sources, "_open", lambda *_: source)

    return install


def numbers(images: Images) -> list[int]:
    return images.images.ravel().tolist()


def test_validation_is_held_out_of_train_and_test_is_whole(fake):
    fake(FakeSource(train=50, test=10))
    image_set = load("fake", validation_fraction=0.2, seed=1)
    assert sorted(numbers(image_set.train) + numbers(image_set.validation)) == list(range(50))
    assert len(image_set.validation) == 10
    assert numbers(image_set.test) == list(range(200, 210))


def test_swapped_splits_train_on_the_test_examples_and_keep_the_sets_own_validation(fake):
    fake(FakeSource(train=10, validation=4, test=30))
    image_set = load("fake", swap_splits=True)
    assert numbers(image_set.train) == list(range(200, 230))
    assert numbers(image_set.validation) == list(range(100, 104))
    assert numbers(image_set.test) == list(range(10))


def test_a_subset_leaves_validation_and_test_as_they_are(fake):
    fake(FakeSource(train=50, test=10))
    whole = load("fake", validation_fraction=0.2, seed=1)
    some = load("fake", validation_fraction=0.2, seed=1, train_examples=7)
    assert len(some.train) == 7 and set(numbers(some.train)) <= set(numbers(whole.train))
    assert numbers(some.validation) == numbers(whole.validation)
    assert numbers(some.test) == numbers(whole.test)


def test_labels_stay_with_their_images(fake):
    fake(FakeSource(train=50, test=10))
    image_set = load("fake", validation_fraction=0.2, seed=1, train_examples=20)
    for images in (image_set.train, image_set.validation):
        assert images.labels.tolist() == [number % 2 for number in numbers(images)]


def test_noise_is_in_the_kept_training_labels_and_nowhere_else(fake):
    fake(FakeSource(train=50, test=10))
    noise = LabelNoise("flip_other", 0.5)
    image_set = load("fake", validation_fraction=0.2, seed=1, train_examples=20, label_noise=noise)
    true = [number % 2 for number in numbers(image_set.train)]
    assert image_set.train.clean_labels.tolist() == true
    assert sum(given != label for given, label in zip(image_set.train.labels, true, strict=True)) == 10
    for images in (image_set.validation, image_set.test):
        assert images.clean_labels is None
        assert images.labels.tolist() == [number % 2 for number in numbers(images)]


def test_noise_leaves_the_choice_of_examples_as_it_is(fake):
    fake(FakeSource(train=50, test=10))
    noisy, clean = (
        load("fake", train_examples=20, label_noise=noise) for noise in (LabelNoise("symmetric", 0.5), None)
    )
    assert numbers(noisy.train) == numbers(clean.train)
    assert clean.train.clean_labels is None


def test_without_a_validation_fraction_there_is_no_validation(fake):
    fake(FakeSource(train=50, validation=5, test=10))
    image_set = load("fake", validation_fraction=0)
    assert image_set.validation is None
    assert numbers(image_set.train) == list(range(50))


def test_a_validation_split_of_the_sets_own_is_used_and_train_stays_whole(fake):
    fake(FakeSource(train=50, validation=5, test=10))
    image_set = load("fake", validation_fraction=0.1)
    assert numbers(image_set.train) == list(range(50))
    assert numbers(image_set.validation) == list(range(100, 105))


def test_an_unpublished_set_is_normalised_by_its_training_images(fake):
    fake(FakeSource(train=50, test=10))
    image_set = load("fake", train_examples=3)
    assert (image_set.mean, image_set.std) == channel_statistics(image_set.train.images)
    assert image_set.augmentation == "none"


def test_a_published_set_is_treated_as_published(fake):
    fake(FakeSource(train=50, test=10))
    image_set = load("cifar10")
    assert image_set.mean == (0.485, 0.456, 0.406) and image_set.std == (0.229, 0.224, 0.225)
    assert image_set.augmentation == "crop_flip"


@pytest.mark.parametrize("split", ["train", "test"])
def test_labels_out_of_range_are_an_error(fake, split):
    class Wrong(FakeSource):
        def read(self, role, index):
            images = super().read(role, index)
            return Images(images.images, images.labels + 2 * (role == split))

    fake(Wrong(train=50, test=10))
    with pytest.raises(UsageError, match=rf"'fake', {split} split: .* labels are outside \[0, 2\)"):
        load("fake")


def test_a_set_too_large_for_memory_is_not_read(fake, monkeypatch):
    class Large(FakeSource):
        image_shape = (1 << 20, 1 << 20, 3)

        def read(self, split, index):
            pytest.fail("read")

    fake(Large(train=50, test=10))
    with pytest.raises(UsageError, match=r"\(17 images of 1048576x1048576x3 bytes"):
        load("fake", train_examples=2)


def test_image_folder_needs_a_folder():
    with pytest.raises(UsageError, match="image_folder needs --data_dir"):
        load("image_folder")


def test_a_negative_image_size_is_refused():
    with pytest.raises(UsageError, match="image size -1 is negative"):
        load("digits", image_size=-1)


def test_an_image_folder_is_loaded_by_name(tmp_path):
    for place in ("train/a/0", "train/a/1", "train/b/2", "val/b/3"):
        file = (tmp_path / place).with_suffix(".png")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(tf.io.encode_png(np.full((6, 6, 3), 9, np.uint8)).numpy())
    image_set = load("image_folder", data_dir=str(tmp_path), image_size=4, validation_fraction=0)
    assert image_set.train.images.shape == (3, 4, 4, 3)
    assert image_set.test.labels.tolist() == [1]
    assert image_set.num_classes == 2


def test_digits_need_neither_network_nor_tfds():
    code = (
        "import sys; from dsd_tf.data.sources import load; s = load('digits');"
        "assert len(s.train) == 1293 and len(s.validation) == 144 and len(s.test) == 360;"
        "assert 'tensorflow_datasets' not in sys.modules"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_real_mnist_has_the_published_counts_and_constants(real_data):
    mnist = load("mnist", data_dir=str(real_data / "tfds"), validation_fraction=0, download=False)
    assert mnist.train.images.shape == (60000, 28, 28, 1)
    assert mnist.test.images.shape == (10000, 28, 28, 1)
    assert round(float(mnist.train.images.mean()), 3) == 33.318
    assert np.bincount(mnist.train.labels).tolist() == [
        *(5923, 6742, 5958, 6131, 5842),
        *(5421, 5918, 6265, 5851, 5949),
    ]
    mean, std = channel_statistics(mnist.train.images)
    assert (round(mean[0], 4), round(std[0], 4)) == (0.1307, 0.3081) == (*mnist.mean, *mnist.std)
    assert mnist.train.ids is None


def test_real_cifar10_has_the_published_counts_and_names(real_data):
    cifar = load("cifar10", data_dir=str(real_data / "tfds"), validation_fraction=0.1, download=False)
    assert cifar.train.images.shape == (45000, 32, 32, 3)
    assert cifar.validation.images.shape == (5000, 32, 32, 3)
    assert cifar.test.images.shape == (10000, 32, 32, 3)
    ids = np.concatenate([cifar.train.ids, cifar.validation.ids])
    assert sorted(ids) == [f"train_{i:05}" for i in range(50000)]
    labels = np.concatenate([cifar.train.labels, cifar.validation.labels])
    assert np.bincount(labels).tolist() == [5000] * 10
    assert labels[np.argsort(ids)][:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
    assert np.bincount(cifar.test.labels).tolist() == [1000] * 10
