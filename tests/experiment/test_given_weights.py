"""Weights of a run's start out of a .keras file."""

import hashlib

import keras
import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.given_weights import give_weights
from dsd_tf.experiment.workbench import CAFFE_MEAN, CAFFE_STD
from dsd_tf.models.build import build_model
from dsd_tf.models.options import ModelOptions


def conv_net(first="conv1", second="conv2", filters=4, name="net"):
    """Two convolutions with random weights, on 5x5x3."""
    images = keras.Input((5, 5, 3))
    x = keras.layers.Conv2D(2, 3, name=first, bias_initializer="random_normal")(images)
    return keras.Model(images, keras.layers.Conv2D(filters, 1, name=second)(x), name=name)


@pytest.fixture
def file(tmp_path):
    def save(model):
        model.save(tmp_path / "start.keras")
        return tmp_path / "start.keras"

    return save


def test_layers_of_the_same_name_and_shapes_get_the_weights_of_the_file(file):
    source, model = conv_net(), conv_net()
    given = give_weights(file(source), model, caffe=False)
    assert (given.taken, given.kept, given.unused) == (["conv1", "conv2"], [], [])
    assert all(map(np.array_equal, given.weights, source.get_weights()))
    assert given.sha256 == hashlib.sha256(given.path.read_bytes()).hexdigest()
    assert str(given) == f"weights of 2 layers are those of {given.path}"


def test_what_does_not_match_is_listed_and_stays_as_it_was(file):
    path, wider = file(conv_net(filters=3)), conv_net(filters=7)
    before = wider.get_weights()
    given = give_weights(path, wider, caffe=False)
    assert given.taken == ["conv1"]
    assert given.kept == ["conv2 (of [(1, 1, 2, 7), (7,)] here, [(1, 1, 2, 3), (3,)] in the file)"]
    assert all(map(np.array_equal, given.weights[2:], before[2:]))
    given = give_weights(path, conv_net(first="conv0", filters=3), caffe=False)
    assert (given.taken, given.kept, given.unused) == (["conv2"], ["conv0 (not in the file)"], ["conv1"])
    assert str(given).endswith("; as initialised: conv0 (not in the file); unused: conv1")


def test_a_file_of_which_nothing_matches_is_refused(file):
    with pytest.raises(UsageError, match="start.keras: no layer has the name and shapes of one of net: a .not in"):
        give_weights(file(conv_net()), conv_net("a", "b"), caffe=False)


def test_a_file_that_is_no_network_is_refused(tmp_path):
    (tmp_path / "start.keras").write_bytes(b"PK")
    with pytest.raises(UsageError, match="start.keras cannot be loaded"):
        give_weights(tmp_path / "start.keras", conv_net(), caffe=False)


def test_caffe_normalization_needs_colour(file):
    images = keras.Input((5,))
    model = keras.Model(images, keras.layers.Dense(2, name="ip")(images))
    with pytest.raises(UsageError, match="--normalization=caffe needs a first convolution of 3 channels"):
        give_weights(file(model), model, caffe=True)


def squeezenet(mean=(), std=(), name="squeezenet_v1_1"):
    options = ModelOptions(width=0.1, mean=mean, std=std)
    return build_model(name, (35, 35, 3), 5, options, seed=len(mean))


def test_a_converted_network_gives_the_same_logits_on_rgb_in_0_to_1(file):
    """It was made for blue, green, red in [0, 255] minus Caffe's means."""
    converted, model = squeezenet(), squeezenet(CAFFE_MEAN, CAFFE_STD)
    give_weights(file(converted), model, caffe=True)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 35, 35, 3)).astype(np.float32)
    expected = converted(pixels[..., ::-1] - np.array([104, 117, 123], np.float32)).numpy()
    assert expected.std() > 1e-3
    assert np.allclose(model(pixels / 255).numpy(), expected, atol=1e-4 * expected.max())


def test_a_network_of_ours_that_normalises_so_already_is_taken_as_it_is(file):
    source, model = squeezenet(CAFFE_MEAN, CAFFE_STD), squeezenet(CAFFE_MEAN, CAFFE_STD)
    give_weights(file(source), model, caffe=True)
    assert all(map(np.array_equal, model.get_weights(), source.get_weights()))
