"""Dynamic sparse training in a plain `fit`: SET, RigL and SNFS keep what they promise at every step."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import dsd_tf
from dsd_tf.errors import UsageError
from dsd_tf.sparsity.masks import Masks
from dsd_tf.sparsity.topology import DropFraction, Topology
from dsd_tf.training.callbacks.drop_and_grow import DropAndGrow
from dsd_tf.training.kernel_masks import KernelMasks
from dsd_tf.training.optimizers import masked_class
from dsd_tf.training.update_rules import TorchSGD

X = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
Y = np.random.default_rng(1).normal(size=(32, 2)).astype("float32")
RULES = ("random", "gradient", "momentum")
OPTIMIZERS = {
    "sgd": lambda: TorchSGD(0.05, momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(0.05),
    "decay": lambda: keras.optimizers.AdamW(0.05, weight_decay=0.1),
    "coupled decay": lambda: masked_class(TorchSGD)(0.05, momentum=0.9, l2=0.1),
}


def rule(grow="random", every=3, end=9, fraction=0.5, **options):
    return Topology(every, DropFraction(fraction, end, "constant"), grow, **options)


def sparse_model(optimizer="sgd", **compiled):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((6,)), layers.Dense(8, "tanh", name="a"), layers.Dense(2, name="b")])
    model.compile(OPTIMIZERS[optimizer](), "mse", **compiled)
    masks = KernelMasks.of(model)
    masks.apply(Masks({name: np.arange(np.prod(s)).reshape(s) % 3 == 0 for name, s in masks.shapes.items()}))
    return model


class Witness(keras.callbacks.Callback):
    """After the topology callback: the masks before and after every step, and that all is zero outside of them."""

    def on_train_begin(self, logs=None):
        self.history = [KernelMasks.of(self.model).masks]

    def on_train_batch_begin(self, batch, logs=None):
        masks = KernelMasks.of(self.model)
        self.history.append(masks.masks)
        self.assert_zero(masks, Masks({name: ~mask for name, mask in masks.masks.items()}))
        grown = {name: mask & ~self.history[-2][name] for name, mask in masks.masks.items()}
        self.assert_zero(masks, Masks(grown))

    def on_train_batch_end(self, batch, logs=None):
        masks = KernelMasks.of(self.model)
        self.assert_zero(masks, Masks({name: ~mask for name, mask in masks.masks.items()}))

    def assert_zero(self, masks, where):
        variables = self.model.trainable_variables
        for index, variable in enumerate(variables):
            names = [kernel.name for kernel in masks.kernels if kernel.variable is variable]
            for name in names:
                for array in (variable, *self.model.optimizer.slots(index)):
                    assert not array.numpy()[where[name]].any()


def watched_fit(model, callback, epochs=3):
    witness = Witness()
    model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0, callbacks=[callback, witness])
    return witness.history


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("grow", RULES)
def test_grown_weights_start_at_zero_with_zero_slots_and_dropped_ones_stay_zero(grow, optimizer):
    history = watched_fit(sparse_model(optimizer), DropAndGrow(rule(grow)))
    changed = [step for step, (before, after) in enumerate(zip(history, history[1:], strict=False)) if before != after]
    assert changed == [3, 6, 9]


@pytest.mark.parametrize("grow", RULES)
def test_every_layer_keeps_its_number_of_weights(grow):
    history = watched_fit(sparse_model(), DropAndGrow(rule(grow)))
    assert {tuple(int(mask.sum()) for mask in masks.values()) for masks in history} == {(16, 6)}


def test_growth_by_gradient_takes_the_off_weights_with_the_largest_gradient_of_the_last_step():
    before, after = (watched_fit(sparse_model(), DropAndGrow(rule("gradient", end=3)), epochs=1)[i] for i in (0, -1))
    twin = sparse_model()
    for start in (0, 8):
        twin.train_on_batch(X[start : start + 8], Y[start : start + 8])
    error = twin(X[16:24]).numpy() - Y[16:24]
    hidden = np.tanh(X[16:24] @ twin.layers[0].kernel.numpy() + twin.layers[0].bias.numpy())
    gradient = hidden.T @ error / error.size * 2
    twin.train_on_batch(X[16:24], Y[16:24])
    weight, mask = twin.layers[1].kernel.numpy(), before["b/kernel"]
    kept = mask & (np.abs(weight) >= np.sort(np.abs(weight[mask]))[3])
    largest = np.sort(np.abs(gradient[~kept]))[-3:]
    assert (after["b/kernel"] == kept | (np.abs(gradient) >= largest[0] * (1 - 1e-6)) & ~kept).all()


def test_rules_differ_in_what_they_grow_alone():
    kept = {}
    for grow in RULES:
        model = sparse_model()
        before, after = (watched_fit(model, DropAndGrow(rule(grow, end=3)), epochs=1)[i] for i in (0, -1))
        kept[grow] = {name: set(np.flatnonzero(mask & after[name])) for name, mask in before.items()}
        kept[grow, "grown"] = [np.flatnonzero(after[name] & ~before[name]).tolist() for name in before]
    stayed = [len(kept[grow]["a/kernel"]) for grow in RULES]
    assert min(stayed) >= 8  # half of 16 are never dropped
    assert kept["random", "grown"] != kept["gradient", "grown"]


def test_equal_seeds_grow_equal_masks_and_others_do_not():
    masks = [watched_fit(sparse_model(), DropAndGrow(rule(), seed=seed))[-1] for seed in (0, 0, 1)]
    assert masks[0] == masks[1]
    assert masks[0] != masks[2]


@pytest.mark.parametrize("grow", RULES)
def test_masks_do_not_depend_on_the_steps_per_execution(grow):
    options = {"every": 4, "end": 8}
    expected = sparse_model("adam")
    watched_fit(expected, DropAndGrow(rule(grow, **options)))
    for per_execution in (2, 4):
        model = sparse_model("adam", steps_per_execution=per_execution)
        watched_fit(model, DropAndGrow(rule(grow, **options)))
        assert KernelMasks.of(model).masks == KernelMasks.of(expected).masks


def test_less_and_less_is_dropped_as_the_schedule_falls():
    falling = Topology(3, DropFraction(0.9, 9), "random")
    history = watched_fit(sparse_model(), DropAndGrow(falling))
    moved = [int((history[step]["a/kernel"] & ~history[step + 1]["a/kernel"]).sum()) for step in (3, 6, 9)]
    assert moved[0] > moved[1] >= moved[2] == 0


def test_a_rule_that_adapts_shrinks_an_overfitting_network_from_its_step_on():
    overfits = [{"train_accuracy": 0.5 + epoch / 10, "validation_accuracy": 0.4 + epoch / 99} for epoch in range(5)]
    history = watched_fit(sparse_model(), DropAndGrow(rule(every=3, end=9, adapt_from=6), epochs=overfits))
    numbers = [int(history[step]["a/kernel"].sum()) for step in (3, 4, 7, 10)]
    assert numbers == [16, 16, 13, 11]  # 8 are dropped, 3 more and 8 grown; then 6, 2 more and 6 grown


def test_a_model_that_was_pruned_at_random_trains_by_the_names_of_the_package():
    model = sparse_model()
    dsd_tf.prune(model, 0.75, score="random", allocation="uniform")
    rule = dsd_tf.Topology(every=3, fraction=dsd_tf.DropFraction(0.5, end=9), grow="gradient")
    model.fit(X, Y, batch_size=8, epochs=3, verbose=0, callbacks=[dsd_tf.DropAndGrow(rule)])
    assert [np.count_nonzero(layer.kernel.numpy()) for layer in model.layers] == [12, 4]


def test_a_frozen_kernel_is_refused_by_name_when_training_begins():
    model = sparse_model()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    with pytest.raises(UsageError, match="a/kernel is frozen: weights dropped there could not be grown"):
        model.fit(X, Y, verbose=0, callbacks=[DropAndGrow(rule())])
