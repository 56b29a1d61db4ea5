"""The super-classes of CIFAR-100 as its authors list them."""

from __future__ import annotations

import numpy as np

from dsd_tf.data.label_noise.superclasses import SUPERCLASSES

# `coarse_labels` of classes 0 to 99 in the original files; super-classes are numbered by the alphabet
COARSE = [
    *(4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11),
    *(6, 11, 5, 10, 7, 6, 13, 15, 3, 15, 0, 11, 1, 10, 12, 14, 16, 9, 11, 5),
    *(5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4, 2, 0, 17, 4, 18, 17),
    *(10, 3, 2, 12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13),
    *(16, 19, 2, 4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15, 6, 0, 17, 8, 14, 13),
]


def test_every_class_is_in_one_of_20_super_classes_of_five():
    assert SUPERCLASSES.shape == (20, 5)
    assert sorted(SUPERCLASSES.ravel()) == list(range(100))


def test_they_are_those_of_the_original_files():
    assert SUPERCLASSES.tolist() == [np.flatnonzero(np.equal(COARSE, number)).tolist() for number in range(20)]


def test_people_confuse_classes_inside_them_eight_times_as_often_as_chance_would(cifar100_file, real_data):
    given = np.load(real_data / "noise" / "cifar100n.npz")["noisy_label"]
    wrong = given != cifar100_file.labels
    coarse = np.array(COARSE)
    inside = coarse[given[wrong]] == coarse[cifar100_file.labels[wrong]]
    assert inside.mean() > 8 * 4 / 99
