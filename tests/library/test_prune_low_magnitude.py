"""`prune_low_magnitude`: what it takes, what it prunes, how it refuses."""

import inspect
import logging

import keras
import numpy as np
import pytest
from keras import layers

import dsd_tf
from dsd_tf.training.kernels import list_kernels

GENERATOR = np.random.default_rng(0)
HALF = dsd_tf.ConstantSparsity(0.5, 0)


def train(model, epochs=1, steps=2):
    """Fit on noise of the model's own shapes; returns kept / all weights of each kernel."""
    x = GENERATOR.normal(size=(4 * steps, *model.input_shape[1:])).astype("float32")
    y = GENERATOR.normal(size=(4 * steps, *model.output_shape[1:])).astype("float32")
    model.compile("adam", "mse")
    model.fit(x, y, batch_size=4, epochs=epochs, verbose=0, callbacks=[dsd_tf.UpdatePruningStep()])
    return densities(model)


def densities(model):
    kernels = list_kernels(model)
    return {k.name: (np.count_nonzero(k.variable.numpy()), k.variable.numpy().size) for k in kernels}


def sequential(*inner, shape=(6,)):
    return keras.Sequential([layers.Input(shape), *inner])


def test_the_signature_is_tfmots():
    assert list(inspect.signature(dsd_tf.prune_low_magnitude).parameters)[:6] == [
        "to_prune",
        "pruning_schedule",
        "block_size",
        "block_pooling_type",
        "pruning_policy",
        "sparsity_m_by_n",
    ]


def test_the_model_itself_comes_back_without_an_optimizer_and_with_its_weights():
    model = sequential(layers.Dense(4))
    model.compile("sgd", "mse")
    before = model.get_weights()
    assert dsd_tf.prune_low_magnitude(model) is model
    assert not model.compiled
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert type(model.layers[0]) is layers.Dense


def test_half_of_each_kernel_goes_from_the_first_step_on_by_default():
    model = dsd_tf.prune_low_magnitude(sequential(layers.Dense(5, name="a"), layers.Dense(4, name="b")))
    assert train(model) == {"a/kernel": (15, 30), "b/kernel": (10, 20)}


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.8, 0.95, 0.999])
def test_a_kernel_of_n_weights_keeps_exactly_the_rounded_number(sparsity):
    model = dsd_tf.prune_low_magnitude(
        sequential(layers.Dense(7, name="a"), layers.Dense(3, name="b")), dsd_tf.ConstantSparsity(sparsity, 0)
    )
    expected = {n: max(1, round(n * (1 - sparsity))) for n in (42, 21)}
    assert train(model) == {"a/kernel": (expected[42], 42), "b/kernel": (expected[21], 21)}


def test_sequential_functional_nested_and_shared_layers_are_pruned():
    inner = sequential(layers.Dense(6, name="in_sequence"), shape=(6,))
    inputs = keras.Input((6,))
    shared = layers.Dense(6, name="shared")
    branch = keras.Model(inputs, layers.Dense(6, name="in_branch")(inputs))
    outputs = layers.Add()([shared(inner(inputs)), shared(branch(inputs))])
    model = dsd_tf.prune_low_magnitude(keras.Model(inputs, outputs), HALF)
    assert sorted(train(model).values()) == [(18, 36)] * 3


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = layers.Dense(6)
        self.blocks = [layers.Dense(6), layers.MultiHeadAttention(2, 3)]

    def call(self, inputs):
        x = self.blocks[0](self.stem(inputs))[:, None]
        return self.blocks[1](x, x)[:, 0]


@pytest.mark.parametrize("built", [False, True])
def test_subclassed_models_are_pruned_whether_they_are_built_or_not(built):
    model = Subclassed()
    x = GENERATOR.normal(size=(16, 6)).astype("float32")
    if built:
        model(x)
    dsd_tf.prune_low_magnitude(model, HALF)
    model.compile("adam", "mse")
    model.fit(x, x, batch_size=4, verbose=0, callbacks=[dsd_tf.UpdatePruningStep()])
    assert list(densities(model).values()) == [(18, 36)] * 6


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (layers.Conv2D(4, 3), (6, 6, 2), [(36, 72)]),
        (layers.Conv2DTranspose(4, 3), (6, 6, 2), [(36, 72)]),
        (layers.SeparableConv2D(4, 3), (6, 6, 2), [(4, 8), (18, 18)]),
        (layers.LSTM(3), (5, 2), [(12, 24), (18, 36)]),
        (layers.Bidirectional(layers.GRU(2)), (5, 2), [(6, 12), (6, 12)] * 2),
        (layers.TimeDistributed(layers.Dense(4)), (5, 2), [(4, 8)]),
    ],
)
def test_layers_with_several_kernels_are_pruned_where_tfmot_prunes_them(layer, shape, expected):
    model = dsd_tf.prune_low_magnitude(sequential(layer, shape=shape), HALF)
    assert list(train(model).values()) == expected


def test_embeddings_are_pruned():
    model = sequential(layers.Embedding(10, 4), shape=(3,))
    dsd_tf.prune_low_magnitude(model, HALF)
    model.compile("adam", "mse")
    x, y = GENERATOR.integers(0, 10, (16, 3)), GENERATOR.normal(size=(16, 3, 4))
    model.fit(x, y, batch_size=4, verbose=0, callbacks=[dsd_tf.UpdatePruningStep()])
    assert list(densities(model).values()) == [(20, 40)]


class Own(layers.Layer):
    def build(self, input_shape):
        self.table = self.add_weight(shape=(input_shape[-1], 4), name="table")

    def call(self, inputs):
        return inputs @ self.table


class OwnPrunable(Own):
    def get_prunable_weights(self):
        return [self.table]


def test_a_custom_layer_is_pruned_in_the_weights_it_names():
    assert train(dsd_tf.prune_low_magnitude(sequential(OwnPrunable(name="own")), HALF)) == {"own/table": (12, 24)}


def test_a_custom_layer_that_names_none_stays_dense_in_a_model_and_the_log_says_why(caplog):
    with caplog.at_level(logging.INFO, logger="absl"):
        model = dsd_tf.prune_low_magnitude(sequential(Own(name="own"), layers.Dense(2, name="d")), HALF)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["own/table stays dense"]
    assert "get_prunable_weights()" in caplog.records[0].getMessage()
    assert train(model) == {"own/table": (24, 24), "d/kernel": (4, 8)}


def test_a_custom_layer_that_names_none_is_refused_by_itself():
    for to_prune in (Own(name="own"), [layers.Dense(2), Own(name="own")]):
        with pytest.raises(ValueError, match="'own'.*get_prunable_weights"):
            dsd_tf.prune_low_magnitude(to_prune)


def test_a_keras_layer_without_prunable_weights_comes_back_as_it_is_as_in_tfmot():
    for layer in (layers.Flatten(), layers.BatchNormalization(), layers.ReLU()):
        assert dsd_tf.prune_low_magnitude(layer) is layer
        assert "call" not in vars(layer)


def test_frozen_layers_stay_dense():
    model = sequential(layers.Dense(6, name="a", trainable=False), layers.Dense(2, name="b"))
    assert train(dsd_tf.prune_low_magnitude(model, HALF)) == {"a/kernel": (36, 36), "b/kernel": (6, 12)}


def test_single_layers_and_lists_of_layers_are_pruned_in_the_model_they_go_into():
    first = dsd_tf.prune_low_magnitude(layers.Dense(6, name="a"), HALF)
    last = dsd_tf.prune_low_magnitude([layers.Dense(6, name="c"), layers.ReLU()], HALF)
    model = sequential(first, layers.Dense(6, name="b"), *last)
    assert train(model) == {"a/kernel": (18, 36), "b/kernel": (36, 36), "c/kernel": (18, 36)}


def test_a_pruned_model_inside_another_is_pruned_and_watched_over():
    base = dsd_tf.prune_low_magnitude(sequential(layers.Dense(6, name="a")), HALF)
    model = sequential(base, layers.Dense(2, name="b"))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="UpdatePruningStep"):
        model.fit(np.ones((4, 6)), np.ones((4, 2)), verbose=0)
    assert sorted(train(model).values()) == [(12, 12), (18, 36)]


def test_layers_keep_their_own_schedule_when_the_model_is_given_one():
    own = dsd_tf.prune_low_magnitude(layers.Dense(6, name="a"), dsd_tf.ConstantSparsity(0.75, 0))
    model = dsd_tf.prune_low_magnitude(sequential(own, layers.Dense(6, name="b")), HALF)
    assert train(model) == {"a/kernel": (9, 36), "b/kernel": (18, 36)}


def test_a_model_can_be_given_another_schedule_and_its_masks_hold():
    model = dsd_tf.prune_low_magnitude(sequential(layers.Dense(6, name="a")), HALF)
    train(model)
    zeros = model.layers[0].kernel.numpy() == 0
    dsd_tf.prune_low_magnitude(model, dsd_tf.ConstantSparsity(0.75, 2))
    assert train(model) == {"a/kernel": (9, 36)}
    assert (model.layers[0].kernel.numpy()[zeros] == 0).all()


@pytest.mark.parametrize("pooling", ["AVG", "MAX"])
def test_blocks_are_pruned_whole(pooling):
    model = sequential(layers.Dense(6, name="a"))
    dsd_tf.prune_low_magnitude(model, HALF, block_size=(2, 3), block_pooling_type=pooling)
    assert train(model) == {"a/kernel": (18, 36)}
    blocks = (model.layers[0].kernel.numpy() != 0).reshape(3, 2, 2, 3).sum(axis=(1, 3))
    assert set(blocks.flat) == {0, 6}


@pytest.mark.parametrize(("layer", "shape"), [(layers.Dense(5), (8,)), (layers.Conv2D(5, 3), (4, 4, 8))])
def test_two_by_four_puts_two_zeros_in_four_consecutive_input_channels(layer, shape):
    late = dsd_tf.ConstantSparsity(0.9, 1000)
    model = dsd_tf.prune_low_magnitude(sequential(layer, shape=shape), late, sparsity_m_by_n=(2, 4))
    train(model)
    kernel = layer.kernel.numpy().reshape(-1, 8, 5)
    assert ((kernel.reshape(-1, 2, 4, 5) == 0).sum(axis=2) == 2).all()


def test_m_is_the_number_of_zeros():
    model = dsd_tf.prune_low_magnitude(sequential(layers.Dense(3, name="a"), shape=(8,)), sparsity_m_by_n=[1, 4])
    assert train(model) == {"a/kernel": (18, 24)}


def test_blocks_do_not_fit_convolutions_as_in_tfmot():
    with pytest.raises(ValueError, match="2 dimensions"):
        dsd_tf.prune_low_magnitude(sequential(layers.Conv2D(4, 3), shape=(6, 6, 2)), block_size=(2, 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pruning_schedule": 0.5}, "PruningSchedule"),
        ({"pruning_schedule": dsd_tf.ConstantSparsity}, "PruningSchedule"),
        ({"block_size": 4}, "block_size is 4"),
        ({"block_size": (2, 2, 2)}, "2 integers"),
        ({"block_size": (0, 2)}, "at least 1"),
        ({"block_pooling_type": "SUM"}, "'AVG' or 'MAX'"),
        ({"block_pooling_type": "avg"}, "'AVG' or 'MAX'"),
        ({"sparsity_m_by_n": 2}, "2 integers"),
        ({"sparsity_m_by_n": (2, 4.0)}, "2 integers"),
        ({"sparsity_m_by_n": (4, 4)}, "0 < m < n"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        dsd_tf.prune_low_magnitude(layers.Dense(3), **arguments)


@pytest.mark.parametrize("thing", ["model", None, np.zeros(3), keras.layers.Dense])
def test_things_that_are_no_layers_are_refused(thing):
    with pytest.raises(ValueError, match="give a keras.Model"):
        dsd_tf.prune_low_magnitude(thing)


def test_a_list_with_something_else_in_it_is_refused():
    with pytest.raises(ValueError, match="'dense'"):
        dsd_tf.prune_low_magnitude([layers.Dense(3), "dense"])


def test_training_without_the_callback_is_an_error_and_changes_nothing():
    model = dsd_tf.prune_low_magnitude(sequential(layers.Dense(6)), HALF)
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match="UpdatePruningStep"):
        model.fit(np.ones((4, 6)), np.ones((4, 6)), verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_an_input_shape_can_be_given_with_the_first_layer_as_in_tfmots_examples():
    model = keras.Sequential([dsd_tf.prune_low_magnitude(layers.Dense(6, name="a"), HALF, input_shape=(4,))])
    assert model.built
    assert train(model) == {"a/kernel": (12, 24)}


def test_optimizers_that_cannot_train_under_masks_are_refused_by_name():
    model = dsd_tf.prune_low_magnitude(sequential(layers.Dense(6)), HALF)
    model.compile("adafactor", "mse")
    with pytest.raises(ValueError, match="Adafactor"):
        model.fit(np.ones((4, 6)), np.ones((4, 6)), verbose=0, callbacks=[dsd_tf.UpdatePruningStep()])
