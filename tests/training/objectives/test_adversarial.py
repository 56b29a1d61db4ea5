"""Adversarial training: on attacked images, with batch norm left alone unless asked otherwise."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.feed import TrainFeed
from dsd_tf.data.images import Images
from dsd_tf.robustness.losses import cross_entropy
from dsd_tf.robustness.pgd import Pgd
from dsd_tf.robustness.threat import Threat
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.dense_gradients import DenseGradients
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.objectives.adversarial import Adversarial
from dsd_tf.training.objectives.cross_entropy import CrossEntropy
from dsd_tf.training.trainer import Trainer

IMAGES = Images(
    np.random.default_rng(0).integers(0, 256, (50, 4, 4, 1), np.uint8),
    np.random.default_rng(1).integers(0, 3, 50, np.int32),
)
BATCH = tf.constant(IMAGES.images[:8].astype(np.float32) / 255), tf.constant(IMAGES.labels[:8])
THREAT = Threat("linf", 0.2)
ATTACK = Pgd(THREAT, steps=3, step=THREAT.step, random_start=True)


def network(dropout: float = 0.2) -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4, 4, 1))
    x = keras.layers.Conv2D(4, 3, use_bias=False)(inputs)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))
    x = keras.layers.Dropout(dropout, seed=1)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(3)(x))


def objective(model: keras.Model, batch_norm: str = "eval") -> Adversarial:
    return Adversarial(model, ATTACK, batch_norm, seed=(1, 2))


def examples(model: keras.Model, batch_norm: str, step: int = 0) -> np.ndarray:
    step = tf.constant(step, tf.int64)
    return tf.function(objective(model, batch_norm).examples).get_concrete_function(*BATCH, step)(*BATCH, step).numpy()


def state(model: keras.Model) -> list[np.ndarray]:
    return [variable.numpy() for variable in model.variables]


@pytest.mark.parametrize("batch_norm", ["eval", "batch"])
def test_an_attack_leaves_every_variable_of_the_network_as_it_was(batch_norm):
    model = network()
    before = state(model)
    examples(model, batch_norm)
    assert all(map(np.array_equal, before, state(model)))


def test_in_train_mode_moving_averages_follow_every_pass_of_the_attack():
    model, once = network(), network()
    bn = next(layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))
    examples(model, "train")
    kept = 0.9**ATTACK.steps
    once(BATCH[0], training=True)
    moved_once = next(layer for layer in once.layers if isinstance(layer, keras.layers.BatchNormalization)).moving_mean
    # three passes over nearly the same batch
    np.testing.assert_allclose(bn.moving_mean, moved_once.numpy() / 0.1 * (1 - kept), atol=0.05)
    assert np.abs(bn.moving_mean.numpy() - moved_once.numpy()).max() > 0.01


def test_each_mode_attacks_another_function_of_the_images():
    found = [examples(network(dropout=0), batch_norm) for batch_norm in ("eval", "batch", "train")]
    assert not np.array_equal(found[0], found[1])
    np.testing.assert_allclose(found[1], found[2], atol=1e-6)  # they differ in what they leave behind


def test_attacked_images_are_near_and_cost_more():
    model = network()
    found = examples(model, "eval")
    assert np.abs(found - BATCH[0].numpy()).max() <= THREAT.epsilon + 1e-6
    assert found.min() >= 0 and found.max() <= 1
    before, after = (
        cross_entropy(BATCH[1], model(images, training=False)).numpy().mean() for images in (BATCH[0], found)
    )
    assert after > before


def test_random_starts_are_drawn_by_seed_and_step():
    model = network()
    assert np.array_equal(examples(model, "eval", step=5), examples(model, "eval", step=5))
    assert not np.array_equal(examples(model, "eval", step=5), examples(model, "eval", step=6))


def fitted(make_objective, steps_per_execution: int) -> tuple[list[np.ndarray], dict[str, list[float]]]:
    model, feed = network(), TrainFeed(IMAGES, 8, seed=0, augmentation="none")
    trainer = Trainer(model, make_objective(model), feed)
    trainer.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        steps_per_execution=steps_per_execution,
        jit_compile=False,
    )
    begin = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: feed.set_epoch(epoch))
    history = trainer.fit(trainer.counter, steps_per_epoch=7, epochs=2, callbacks=[begin], verbose=0, shuffle=False)
    return state(model), history.history


def test_steps_per_execution_change_nothing():
    one, one_history = fitted(objective, 1)
    many, many_history = fitted(objective, 4)
    assert one_history == many_history
    assert all(map(np.array_equal, one, many))


def test_the_training_figures_are_those_of_the_attacked_images():
    _, plain = fitted(lambda model: CrossEntropy(), 1)
    _, attacked = fitted(objective, 1)
    assert attacked["loss"][0] > plain["loss"][0]
    assert attacked["accuracy"][0] < plain["accuracy"][0]


def test_weights_are_grown_by_the_gradient_of_the_adversarial_loss():
    model, twin = network(dropout=0), network(dropout=0)
    trainer = Trainer(model, objective(model), TrainFeed(IMAGES, 8, seed=0, augmentation="none"))
    trainer.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    masks = KernelMasks.of(trainer)
    masks.apply(Masks({name: np.arange(np.prod(s)).reshape(s) % 3 == 0 for name, s in masks.shapes.items()}))
    twin.set_weights(model.get_weights())
    gradients = DenseGradients(masks, decay=0)
    gradients.want(True)
    images = tf.constant(examples(twin, "eval"))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(cross_entropy(BATCH[1], twin(images, training=True)))
    wanted = tape.gradient(loss, [layer.kernel.value for layer in twin.layers if hasattr(layer, "kernel")])
    trainer.train_step((*BATCH, 1.0))
    for found, expected in zip(gradients().values(), wanted, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert np.abs(found).min() > 0  # those of weights that are off among them


def test_a_pass_of_the_attack_costs_two_forward_passes():
    assert objective(network()).extra_passes == 3 * 2
