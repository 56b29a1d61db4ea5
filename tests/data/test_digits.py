import numpy as np
from sklearn.datasets import load_digits

from dsd_tf.data.digits import Digits


def test_the_last_360_digits_are_the_test_split():
    digits, file = Digits(), load_digits()
    assert digits.examples == {"train": 1437, "test": 360}
    assert np.array_equal(digits.read("test", np.arange(360)).labels, file.target[1437:])
    assert np.array_equal(digits.read("train", np.arange(1437)).labels, file.target[:1437])


def test_every_class_is_in_the_test_split():
    labels = Digits().read("test", np.arange(360)).labels
    assert np.bincount(labels).tolist() == [35, 36, 35, 37, 37, 37, 37, 36, 33, 37]


def test_values_0_to_16_become_0_to_255():
    first = Digits().read("train", np.array([0]))
    assert first.images.dtype == np.uint8 and first.images.shape == (1, 8, 8, 1)
    assert load_digits().images[0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert first.images[0, 0, :, 0].tolist() == [0, 0, 80, 207, 143, 16, 0, 0]
    assert Digits().read("train", np.arange(1437)).images.max() == 255


def test_digits_can_be_enlarged():
    digits = Digits(image_size=28)
    assert digits.image_shape == (28, 28, 1)
    assert digits.read("train", np.array([3, 5])).images.shape == (2, 28, 28, 1)
