"""EDropout in the `fit` of any model."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dsd_tf.data.digits import Digits
from dsd_tf.edropout.callback import EDropout
from dsd_tf.edropout.find_gates import find_gates
from dsd_tf.edropout.forward import gates_in
from dsd_tf.edropout.options import SearchOptions
from dsd_tf.edropout.search import UnitSearch
from dsd_tf.training.optimizer_factory import adadelta


@pytest.fixture
def training(residual_network, batch):
    """Trains the network on its batch; returns the history. The optimizer decays weights, and slots by itself."""
    residual_network.compile(
        adadelta(1.0, 1e-2, False, 0.0, False),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )

    def train(*callbacks, epochs=1, first=0, **options):
        images, labels = batch(residual_network)
        options |= {"initial_epoch": first, "epochs": epochs, "callbacks": list(callbacks)}
        return residual_network.fit(images, labels, batch_size=12, verbose=0, **options).history

    return train


def search_on(network, **options) -> UnitSearch:
    return UnitSearch(network, SearchOptions(population=4, **options), 12)


def state_of_training(network) -> list[np.ndarray]:
    """Of every trained variable, its values and slots."""
    optimizer = network.optimizer
    return [
        np.stack([variable.numpy(), *(slot.numpy() for slot in optimizer.slots(position))])
        for position, variable in enumerate(network.trainable_variables)
    ]


def test_weights_of_units_that_are_off_and_their_slots_stay_bit_for_bit_and_others_change(training, residual_network):
    search = search_on(residual_network)
    training(EDropout(search, 10), epochs=3)
    before = state_of_training(residual_network)
    training(EDropout(search, 10), epochs=4, first=3)
    paths = [variable.path for variable in residual_network.trainable_variables]
    after = dict(zip(paths, state_of_training(residual_network), strict=True))
    before = dict(zip(after, before, strict=True))
    best = search.best.numpy()
    inner = best[3:7]
    assert 0 < inner.sum() < 4
    for path in ("inner/kernel", "inner/bias", "inner_bn/gamma", "inner_bn/beta"):
        old, new = before[path], after[path]
        assert np.array_equal(old[..., ~inner], new[..., ~inner])
        assert not np.array_equal(old[..., inner], new[..., inner])
        assert new[1].any(), "the optimizer has no slots"


def test_validation_is_of_the_best_state_and_afterwards_the_model_is_an_ordinary_one(training, residual_network, batch):
    images, labels = batch(residual_network)
    search = search_on(residual_network)
    history = training(EDropout(search, 10), validation_data=(images, labels))
    registry = find_gates(residual_network)
    with gates_in(residual_network, registry, search.best.numpy()):
        logits = residual_network(images)
    assert history["val_accuracy"][-1] == pytest.approx(np.mean(np.argmax(logits, axis=1) == labels))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    assert history["val_loss"][-1] == pytest.approx(float(loss), rel=1e-5)
    assert not {"call", "train_step", "test_step"} & vars(residual_network).keys()
    assert residual_network.train_function is None


def test_from_the_freezing_epoch_on_the_state_stays_as_the_history_tells(training, residual_network):
    search = search_on(residual_network)
    states = []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: states.append(search.best.numpy()))
    history = training(EDropout(search, 4), note, epochs=8)
    assert not np.array_equal(states[0], states[3])
    assert all(np.array_equal(state, states[3]) for state in states[4:])
    assert history["frozen"] == 4 * [False] + 4 * [True]
    assert history.keys() >= {"units_on", "state_diversity"}
    assert all(best <= mean for best, mean in zip(history["energy_best"], history["energy_mean"], strict=True))
    assert len(history["energy_best"]) == 4


def test_labels_may_be_one_hot(residual_network, batch):
    images, labels = batch(residual_network)
    residual_network.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True))
    search, other = search_on(residual_network), search_on(residual_network)
    weights = residual_network.get_weights()
    fitted = {"batch_size": 12, "verbose": 0}
    residual_network.fit(images, np.eye(2)[labels], callbacks=[EDropout(search, 10)], **fitted)
    residual_network.set_weights(weights)
    residual_network.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    residual_network.fit(images, labels, callbacks=[EDropout(other, 10)], **fitted)
    assert search.costs.numpy() == pytest.approx(other.costs.numpy(), rel=1e-5)


def test_a_frozen_sub_network_goes_on_learning_on_digits():
    digits = Digits(0).read("train", np.arange(600))
    images, labels = digits.images.astype(np.float32) / 255, digits.labels
    keras.utils.set_random_seed(0)
    x = keras.Input(images.shape[1:])
    y = keras.layers.Dense(64, activation="relu")(keras.layers.Flatten()(x))
    y = keras.layers.Dense(10)(keras.layers.Dense(32, activation="relu")(y))
    network = keras.Model(x, y)
    network.compile(
        keras.optimizers.SGD(0.1, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    search = UnitSearch(network, SearchOptions(), 64)
    losses = network.fit(images, labels, batch_size=64, epochs=12, callbacks=[EDropout(search, 6)], verbose=0).history[
        "loss"
    ]
    assert losses[5] < losses[0]
    assert losses[11] < 0.75 * losses[6]
