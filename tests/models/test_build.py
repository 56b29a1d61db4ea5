"""Models are plain Keras: seeded without global state, loadable without dsd_tf, strict about arguments."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.registry import MODELS

SMALL = {"width": 0.0625, "depth": 3, "width_log2": 4}
SIDES = {"alexnet": 63, "alexnet_bvlc": 39}
IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


def weights(model) -> list[np.ndarray]:
    return [np.asarray(weight) for weight in model.weights]


@pytest.fixture(scope="module", params=MODELS)
def pair(request, build):
    """One registered model, small, built twice from equal seeds."""
    side = SIDES.get(request.param, 32)
    return [build(request.param, (side, side, 3), seed=3, **SMALL, **IMAGENET) for _ in range(2)]


def test_a_model_maps_images_to_logits_and_bears_its_name(pair):
    model, _ = pair
    images = np.random.default_rng(0).random((2, *model.input.shape[1:])).astype(np.float32)
    logits = np.asarray(model(images))
    assert logits.shape == (2, 10) and logits.dtype == np.float32
    assert not np.allclose(logits.sum(axis=1), 1)  # no softmax
    assert model.layers[-1].name == "logits"
    assert model.name in MODELS


def test_equal_seeds_give_equal_weights(pair):
    first, second = pair
    for one, other in zip(weights(first), weights(second), strict=True):
        assert np.array_equal(one, other)


def test_another_seed_changes_every_kernel(pair, build, kernel_layers):
    other = build(pair[0].name, pair[0].input.shape[1:], seed=4, **SMALL, **IMAGENET)
    for one, two in zip(kernel_layers(pair[0]), kernel_layers(other), strict=True):
        assert not np.any(np.asarray(one.kernel) == np.asarray(two.kernel)), one.name


def test_no_two_tensors_share_a_stream(pair):
    seeds = [
        initializer.seed
        for layer in pair[0].layers
        for initializer in vars(layer).values()
        if isinstance(initializer, keras.initializers.Initializer) and hasattr(initializer, "seed")
    ]
    assert len(seeds) > 2
    assert len(set(seeds)) == len(seeds)


def test_every_layer_of_a_model_is_keras_own(pair):
    assert {type(layer).__module__.split(".")[0] for layer in pair[0].layers} == {"keras"}


def test_building_neither_reads_nor_moves_the_global_random_state(build):
    keras.utils.set_random_seed(1)
    untouched = np.asarray(keras.random.normal((4,))), np.random.random(), np.asarray(tf.random.normal((4,)))
    keras.utils.set_random_seed(1)
    build("resnet18", width=0.0625)
    after = np.asarray(keras.random.normal((4,))), np.random.random(), np.asarray(tf.random.normal((4,)))
    assert all(np.array_equal(one, other) for one, other in zip(untouched, after, strict=True))


def test_the_network_normalises_with_the_given_constants_and_no_weights(build):
    plain, normalising = build("lenet300"), build("lenet300", **IMAGENET)
    assert normalising.count_params() == plain.count_params()
    assert normalising.get_layer("normalize").weights == []
    images = np.random.default_rng(0).random((4, 32, 32, 3)).astype(np.float32)
    scaled = (images - np.float32(IMAGENET["mean"])) / np.float32(IMAGENET["std"])
    logits = tf.function(normalising)(tf.constant(images))
    np.testing.assert_allclose(logits, plain(scaled), atol=1e-4)


def test_without_constants_there_is_no_normalisation_layer(build):
    assert "normalize" not in [layer.name for layer in build("lenet300").layers]


LOADER = """
import sys, keras, numpy as np, tensorflow as tf
folder = sys.argv[1]
for name in ("vgg_like", "resnet18"):
    images = np.load(f"{folder}/images.npy")
    expected = np.load(f"{folder}/{name}.npy")
    reloaded = keras.models.load_model(f"{folder}/{name}.keras")
    assert np.array_equal(np.asarray(reloaded(images)), expected), name
    serve = tf.saved_model.load(f"{folder}/{name}").signatures["serving_default"]
    (served,) = serve(tf.constant(images)).values()
    assert np.allclose(served, expected, atol=1e-5), name
assert not any(module.startswith("dsd_tf") for module in sys.modules)
print("equal")
"""


def test_saved_models_load_in_a_process_without_dsd_tf(build, tmp_path):
    images = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    np.save(tmp_path / "images.npy", images)
    for name in ("vgg_like", "resnet18"):
        model = build(name, stem="cifar_pool", width=0.125, **IMAGENET)
        model.save(tmp_path / f"{name}.keras")
        tf.saved_model.save(model, tmp_path / name)
        np.save(tmp_path / f"{name}.npy", np.asarray(model(images)))
    command = [sys.executable, "-c", LOADER, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert run.stdout.strip() == "equal", run.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "resnet81"}, "unknown model 'resnet81'; did you mean 'resnet18'"),
        ({"width": 0.0}, "model width 0.0 must be a positive multiplier"),
        ({"width": float("nan")}, "model width nan must be a positive multiplier"),
        ({"depth": 0}, "model depth 0 must be at least 1"),
        ({"width_log2": -1}, "model width_log2 -1 must be at least 0"),
        ({"stem": "cifar_pol"}, "unknown stem 'cifar_pol'; did you mean 'cifar_pool'"),
        ({"initializer": "SSD"}, "unknown initializer 'SSD'; did you mean 'sdd'"),
        ({"num_classes": 1}, "at least 2 classes, got 1"),
        ({"input_shape": (8, 8)}, r"input shape \(8, 8\) must be \(height, width, channels\)"),
        ({"mean": (0.5,), "std": (0.5,)}, "one mean and one std for each of 3 channels, got 1 and 1"),
        ({"mean": (0.5, 0.5, 0.5)}, "one mean and one std for each of 3 channels, got 3 and 0"),
        ({"mean": (0.5,) * 3, "std": (0.5, 0.0, 0.5)}, "must be positive in every channel"),
    ],
)
def test_arguments_that_make_no_model_are_refused_in_one_line(build, arguments, message):
    with pytest.raises(UsageError, match=message) as refusal:
        build(**{"name": "lenet300"} | arguments)
    assert "\n" not in str(refusal.value)
