"""Training in bfloat16 of networks that are float32 networks all the same."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.feed import TrainFeed
from dsd_tf.data.images import Images
from dsd_tf.models.build import build_model
from dsd_tf.models.options import ModelOptions
from dsd_tf.registry import PRECISIONS
from dsd_tf.training.objectives.cross_entropy import CrossEntropy
from dsd_tf.training.precision import computing_in
from dsd_tf.training.trainer import Trainer


def network(name: str = "resnet18", width: float = 0.25, side: int = 16) -> keras.Model:
    return build_model(name, (side, side, 1), 4, ModelOptions(width=width, mean=(0.5,), std=(0.25,)), seed=0)


def computed_in(model: keras.Model) -> dict[str, str]:
    """The number format of what each layer puts out, by its name."""
    seen = {}
    for layer in model.layers:
        call = layer.call

        def watched(*arguments, name=layer.name, call=call, **options):
            outputs = call(*arguments, **options)
            seen[name] = outputs.dtype.name
            return outputs

        layer.call = watched
    model(tf.zeros([2, 16, 16, 1]), training=True)
    return seen


def test_all_layers_compute_in_it_but_for_normalisation_logits_and_the_first_convolution():
    model = network()
    with computing_in("bfloat16", model):
        formats = computed_in(model)
    assert len(formats) > 60
    assert set(formats.values()) == {"float32", "bfloat16"}
    assert {name for name, dtype in formats.items() if dtype == "float32"} == {"normalize", "stem_conv", "logits"}


def test_convolutions_stay_float32_where_tensorflow_gets_the_gradients_of_their_channels_wrong():
    model = network(width=0.125)  # 8 channels, then 16, 32 and 64
    with computing_in("bfloat16", model):
        formats = computed_in(model)
    assert formats["stage1_block1_conv2"] == formats["stage2_block1_project"] == "float32"
    assert formats["stage1_block1_relu1"] == formats["stage2_block2_conv1"] == "bfloat16"


def test_afterwards_the_network_is_a_float32_one_even_if_the_block_failed():
    model, fresh = network(), network()
    with pytest.raises(RuntimeError), computing_in("bfloat16", model):
        raise RuntimeError
    assert model.to_json() == fresh.to_json()
    assert set(computed_in(model).values()) == {"float32"}


def test_float32_leaves_the_network_alone():
    model = network()
    with computing_in("float32", model):
        assert model.to_json() == network().to_json()


@pytest.mark.parametrize(
    ("name", "side"), [("lenet300", 16), ("lenet5", 16), ("resnet18", 16), ("squeezenet_v1_0", 64)]
)
def test_gradients_are_float32_and_near_those_of_float32(name, side):
    model = network(name, side=side)
    images = tf.random.stateless_uniform([2, side, side, 1], [0, 0])
    gradients = {}
    for precision in PRECISIONS:
        with computing_in(precision, model), tf.GradientTape() as tape:
            keras.utils.set_random_seed(0)
            logits = model(images, training=False)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits([0, 1], logits))
        gradients[precision] = tape.gradient(loss, model.trainable_variables)
    assert all(gradient.dtype == tf.float32 for gradient in gradients["bfloat16"])
    ours, exact = (np.concatenate([np.ravel(g) for g in gradients[p]]) for p in ("bfloat16", "float32"))
    assert not np.array_equal(ours, exact)
    assert np.linalg.norm(ours - exact) < 0.4 * np.linalg.norm(exact)


def trained(precision: str) -> Trainer:
    draw = np.random.default_rng(0)
    images = Images(draw.integers(0, 256, (40, 16, 16, 1), np.uint8), draw.integers(0, 4, 40, np.int32))
    feed = TrainFeed(images, 8, seed=0, augmentation="none")
    trainer = Trainer(network("lenet5"), CrossEntropy(), feed, precision)
    trainer.compile(keras.optimizers.SGD(0.01, momentum=0.9), steps_per_execution=5, jit_compile=False)
    feed.set_epoch(0)
    trainer.fit(trainer.counter, steps_per_epoch=5, verbose=0, shuffle=False)
    return trainer


def test_a_trainer_trains_float32_variables_in_it_to_nearly_the_same_weights():
    results = {precision: trained(precision).get_weights() for precision in PRECISIONS}
    start = network("lenet5").get_weights()
    assert all(weight.dtype == np.float32 for weight in results["bfloat16"])
    assert not all(map(np.array_equal, results["bfloat16"], results["float32"]))
    moved = [np.linalg.norm(a - b) for a, b in zip(results["float32"], start, strict=True)]
    apart = [np.linalg.norm(a - b) for a, b in zip(results["float32"], results["bfloat16"], strict=True)]
    assert sum(apart) < 0.2 * sum(moved)


def test_evaluation_of_what_trained_in_it_is_that_of_the_float32_network():
    trainer, twin = trained("bfloat16"), network("lenet5")
    twin.set_weights(trainer.network.get_weights())
    images = tf.random.stateless_uniform([2, 16, 16, 1], [0, 0])
    assert np.array_equal(trainer.network(images), twin(images))
