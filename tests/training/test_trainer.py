"""Training through `fit`: one graph for many steps, on the batches of the feed."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.feed import TrainFeed
from dsd_tf.data.images import Images
from dsd_tf.training.objectives.cross_entropy import CrossEntropy
from dsd_tf.training.objectives.objective import Objective
from dsd_tf.training.trainer import Trainer

IMAGES = Images(
    np.random.default_rng(0).integers(0, 256, (50, 4, 4, 1), np.uint8),
    np.random.default_rng(1).integers(0, 3, 50, np.int32),
)


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4, 4, 1))
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(5)(keras.layers.Flatten()(inputs)))
    return keras.Model(inputs, keras.layers.Dense(3)(hidden))


def feed() -> TrainFeed:
    return TrainFeed(IMAGES, 8, seed=0, augmentation="none")


def trainer(objective: Objective | None = None, steps_per_execution: int = 1) -> Trainer:
    made = Trainer(network(), objective or CrossEntropy(), feed())
    made.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        steps_per_execution=steps_per_execution,
        jit_compile=False,
    )
    return made


def fit(
    model: keras.Model, source: TrainFeed, data: tf.data.Dataset, steps: int | None = None
) -> dict[str, list[float]]:
    begin = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: source.set_epoch(epoch))
    return model.fit(data, epochs=3, steps_per_epoch=steps, callbacks=[begin], verbose=0, shuffle=False).history


def trained(**options) -> tuple[Trainer, dict[str, list[float]]]:
    model = trainer(**options)
    return model, fit(model, model._feed, model.counter, steps=7)


def test_no_thread_of_tf_data_is_there_for_the_end_of_fit_to_wait_for():
    assert trainer().counter.options().autotune.enabled is False


@pytest.fixture(scope="module")
def step_by_step():
    return trained()


@pytest.mark.parametrize("per_execution", [2, 3, 7, 100])
def test_many_steps_per_execution_train_what_single_steps_train(per_execution, step_by_step):
    model, history = trained(steps_per_execution=per_execution)
    expected, expected_history = step_by_step
    assert int(model.optimizer.iterations) == int(expected.optimizer.iterations) == 21
    assert history == expected_history
    assert all(map(np.array_equal, model.get_weights(), expected.get_weights()))


def test_it_trains_as_plain_keras_does_on_the_same_batches(step_by_step):
    plain, source = network(), feed()
    plain.compile(keras.optimizers.SGD(0.1, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def batches():
        return (source.examples(source.next_batch()) for _ in range(7))

    shapes = tf.TensorSpec([None, 4, 4, 1], tf.float32), tf.TensorSpec([None], tf.int32)
    data = tf.data.Dataset.from_generator(batches, output_signature=shapes)
    history = fit(plain, source, data.apply(tf.data.experimental.assert_cardinality(7)))
    # to rounding: one graph orders its arithmetic otherwise than another
    np.testing.assert_allclose(history["loss"], step_by_step[1]["loss"], rtol=1e-5)
    for got, expected in zip(plain.get_weights(), step_by_step[0].get_weights(), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_more_steps_than_the_feed_has_are_an_error():
    model = trainer()
    with pytest.raises(tf.errors.InvalidArgumentError, match="no batch is left of the epoch"):
        fit(model, model._feed, model.counter, steps=8)


def test_its_weights_are_those_of_the_network_in_the_same_order(step_by_step):
    model = step_by_step[0]
    assert [id(weight) for weight in model.weights] == [id(weight) for weight in model.network.weights]
    assert [id(w) for w in model.trainable_variables] == [id(w) for w in model.network.trainable_variables]


class Blackened(Objective):
    """Trains on black images, and draws all logits to 1."""

    def examples(self, images, labels, step):
        return tf.zeros_like(images)

    def loss(self, images, labels, logits):
        tf.debugging.assert_equal(tf.reduce_max(images), 0.0)
        return tf.reduce_mean((logits - 1) ** 2)


def test_an_objective_says_on_which_images_what_is_minimised():
    model, history = trained(objective=Blackened(), steps_per_execution=4)
    assert history["loss"][-1] < history["loss"][0]
    np.testing.assert_allclose(model(np.zeros((1, 4, 4, 1), np.float32), training=True), 1, atol=0.5)
