"""Noise goes by the examples' ids, and what cannot be is refused."""

from __future__ import annotations

import pkgutil

import numpy as np
import pytest

from dsd_tf.data.images import Images
from dsd_tf.data.label_noise.noise import LabelNoise, corrupt, describe_noise
from dsd_tf.errors import UsageError
from dsd_tf.registry import HUMAN_LABEL_NOISE, LABEL_NOISE

DRAWN = sorted(LABEL_NOISE.keys() - HUMAN_LABEL_NOISE.keys())


def named(count: int = 40, num_classes: int = 10) -> Images:
    """Image i has pixel i, label i % num_classes and id train_i."""
    numbers = np.arange(count)
    pixels = numbers.astype(np.uint8).reshape(-1, 1, 1, 1)
    ids = np.array([f"train_{number:05}" for number in numbers])
    return Images(pixels, (numbers % num_classes).astype(np.int32), ids)


def corrupted(images: Images, kind: str = "flip_other", rate: float = 0.5, num_classes: int = 10, **values) -> Images:
    dataset = "cifar100" if kind == "asymmetric_legacy" else "cifar10"
    values = {"dataset": dataset, "num_classes": num_classes, "set_size": len(images)} | values
    return corrupt(images, LabelNoise(kind, rate), **values)


@pytest.mark.parametrize("kind", LABEL_NOISE)
def test_every_registered_kind_is_there(kind):
    assert callable(pkgutil.resolve_name(LABEL_NOISE[kind]))


def test_noisy_and_true_labels_are_both_kept_and_images_stay_as_they_are():
    images = named()
    noisy = corrupted(images)
    assert np.array_equal(noisy.clean_labels, images.labels)
    assert noisy.images is images.images and noisy.ids is images.ids
    assert noisy.wrong.tolist() == (noisy.labels != images.labels).tolist()
    assert noisy.wrong.sum() == 20
    assert images.labels.tolist() == [number % 10 for number in range(40)]


@pytest.mark.parametrize("kind", DRAWN)
def test_the_order_in_which_examples_are_read_does_not_matter(kind):
    classes = 100 if kind == "asymmetric_legacy" else 10
    images = named(200, classes)
    shuffled = np.random.default_rng(1).permutation(200)
    expected = corrupted(images, kind, num_classes=classes)
    assert expected.wrong.any()
    found = corrupted(images.take(shuffled), kind, num_classes=classes)
    assert np.array_equal(found.labels, expected.labels[shuffled])
    assert np.array_equal(found.clean_labels, images.labels[shuffled])


def test_the_prefix_is_the_first_examples_by_id():
    noisy = corrupted(named().take(np.arange(40)[::-1]), "flip_other_prefix", 0.25)
    assert noisy.ids[noisy.wrong].tolist() == [f"train_{number:05}" for number in range(9, -1, -1)]


def test_without_ids_the_order_of_reading_counts():
    images = named()
    noisy = corrupted(Images(images.images, images.labels), "flip_other_prefix", 0.25)
    assert noisy.wrong.tolist() == [True] * 10 + [False] * 30


def test_one_line_tells_how_many_labels_are_wrong():
    assert describe_noise(LabelNoise("flip_other", 0.5), corrupted(named())) == (
        "label noise flip_other 0.5: 20 of 40 training labels (50.00%) are wrong; validation and test labels are clean"
    )
    assert str(LabelNoise("aggre", file="cifar10n.npz")) == "aggre of cifar10n.npz"


def test_one_class_leaves_no_wrong_label():
    with pytest.raises(UsageError, match="data set 'cifar10' has 1 class: label noise needs at least 2"):
        corrupted(named(num_classes=1), num_classes=1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rate": -0.1}, r"--label_noise must be in \[0, 1\], got -0.1"),
        ({"rate": 1.1}, r"--label_noise must be in \[0, 1\], got 1.1"),
        ({"rate": float("nan")}, r"--label_noise must be in \[0, 1\], got nan"),
        ({"kind": "worst"}, "--label_noise_kind=worst needs --label_noise_file"),
        ({"kind": "worst", "file": "a.pt", "rate": 0.4}, "--label_noise=0.4: with --label_noise_kind=worst the file"),
        ({"rate": 0.4, "file": "a.pt"}, "--label_noise_file goes with --label_noise_kind=aggre .* noisy100, flip_"),
    ],
)
def test_what_does_not_go_together_is_refused(values, message):
    with pytest.raises(UsageError, match=message):
        LabelNoise(**{"kind": "flip_other"} | values)


def test_without_a_rate_or_a_file_there_is_no_noise():
    assert LabelNoise("flip_other").is_none
    assert not LabelNoise("flip_other", 0.1).is_none
    assert not LabelNoise("worst", file="a.pt").is_none


def test_an_unknown_kind_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="unknown --label_noise_kind 'pairflp'; did you mean 'pairflip'"):
        corrupted(named(), "pairflp")


def test_real_cifar10_is_read_out_of_order_and_its_noise_is_the_published_one_all_the_same(cifar10):
    assert cifar10.ids[0] != "train_00000"
    place = np.argsort(cifar10.ids)
    flipped = corrupted(cifar10, "flip_other_prefix", 0.2)
    assert flipped.labels[place][:10].tolist() == [0, 4, 8, 7, 6, 4, 7, 5, 9, 8]
    assert flipped.clean_labels[place][:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
    assert flipped.labels.sum() == 224_845
    redrawn = corrupt(
        cifar10, LabelNoise("uniform_redraw", 0.2, seed=1), dataset="cifar10", num_classes=10, set_size=50_000
    )
    assert redrawn.labels[place][[23656, 27442, 40162]].tolist() == [5, 8, 9]
    assert redrawn.wrong.sum() == 9014
