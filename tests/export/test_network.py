"""Networks of any origin: which are accepted, and whether they fit the images."""

from __future__ import annotations

import gc

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.export import keras_file, savedmodel
from dsd_tf.export.network import Network


@pytest.mark.parametrize(("export", "name"), [(savedmodel.export, "saved"), (keras_file.export, "net.keras")])
def test_a_loaded_network_gives_the_logits_of_the_model(tmp_path, model, pixels, export, name):
    export(model, tmp_path / name)
    network = Network.load(tmp_path / name)
    gc.collect()
    assert (network.image_shape, network.classes) == ((8, 8, 1), 10)
    assert np.array_equal(network.logits(tf.constant(pixels)), model(pixels, training=False))


def test_images_and_classes_that_fit_are_accepted(model):
    Network.of("net", model).check((8, 8, 1), 10, "data set 'digits'")


@pytest.mark.parametrize(("shape", "classes"), [((28, 28, 1), 10), ((8, 8, 3), 10), ((8, 8, 1), 100)])
def test_images_or_classes_that_do_not_fit_are_named(model, shape, classes):
    with pytest.raises(UsageError) as error:
        Network.of("net", model).check(shape, classes, "data set 'other'")
    size = "x".join(map(str, shape))
    assert str(error.value) == (
        f"net takes images of 8x8x1 and has 10 outputs; data set 'other' has images of {size} and {classes} classes"
    )


def test_a_network_for_images_of_any_size_takes_those_of_its_channels():
    images = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(images)
    network = Network.of("net", keras.Model(images, pooled))
    network.check((5, 7, 3), 3, "data set 'any'")
    with pytest.raises(UsageError, match=r"images of \?x\?x3 and has 3 outputs; .* 5x7x1"):
        network.check((5, 7, 1), 3, "data set 'grey'")


def vectors():
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Dense(2)(inputs))


def two_inputs():
    inputs = [keras.Input((2, 2, 1)), keras.Input((2, 2, 1))]
    return keras.Model(inputs, keras.layers.Flatten()(keras.layers.add(inputs)))


def feature_maps():
    inputs = keras.Input((4, 4, 1))
    return keras.Model(inputs, keras.layers.Conv2D(2, 3)(inputs))


def unbuilt():
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])


@pytest.mark.parametrize("make", [vectors, two_inputs, feature_maps, unbuilt])
def test_what_does_not_map_images_to_logits_is_refused(make):
    with pytest.raises(UsageError, match="net does not map images .* to logits"):
        Network.of("net", make())


@pytest.mark.parametrize("name", ["absent", "absent.keras", "notes.txt", "folder"])
def test_what_is_no_network_is_refused(tmp_path, name):
    (tmp_path / "notes.txt").write_text("no network")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=f"{name} (is neither a .keras file nor|cannot be loaded as) a SavedModel"):
        Network.load(tmp_path / name)
