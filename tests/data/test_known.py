import pytest

from dsd_tf.data.known import KNOWN, base_name, known
from dsd_tf.registry import AUGMENTATIONS


def test_cifar_is_trained_as_in_dsd2():
    for name in ("cifar10", "cifar100"):
        assert KNOWN[name].mean == (0.485, 0.456, 0.406)
        assert KNOWN[name].std == (0.229, 0.224, 0.225)
        assert KNOWN[name].augmentation == "crop_flip"


def test_mnist_is_trained_as_in_sparse_double_descent():
    assert (KNOWN["mnist"].mean, KNOWN["mnist"].std) == ((0.1307,), (0.3081,))
    assert KNOWN["mnist"].augmentation == "none"


def test_flowers_are_scaled_to_156_and_cut_to_128():
    flowers = KNOWN["oxford_flowers102"]
    assert (flowers.shorter_side, flowers.image_size, flowers.augmentation) == (156, 128, "none")
    assert flowers.shorter_side_for(128) == 156
    assert flowers.shorter_side_for(224) == 273


def test_a_set_of_one_size_is_scaled_to_the_size_it_is_cut_to():
    assert KNOWN["mnist"].shorter_side_for(32) == 32


@pytest.mark.parametrize("name", ["mnist", "mnist:3.0.1", "mnist:3.*.*", "mnist/default:3.0.1"])
def test_configuration_and_version_do_not_hide_a_set(name):
    assert known(name) is KNOWN["mnist"]
    assert base_name(name) == "mnist"


def test_an_unpublished_set_is_not_known():
    assert known("svhn_cropped") is None


@pytest.mark.parametrize("name", KNOWN)
def test_every_entry_is_complete(name):
    entry = KNOWN[name]
    assert len(entry.mean) == len(entry.std)
    assert entry.augmentation in AUGMENTATIONS


def test_imagenet_is_cut_to_224_out_of_256_and_its_test_labels_are_secret():
    imagenet = KNOWN["imagenet2012"]
    assert (imagenet.shorter_side, imagenet.image_size, imagenet.unlabelled) == (256, 224, ("test",))
    assert imagenet.shorter_side_for(227) == 259
