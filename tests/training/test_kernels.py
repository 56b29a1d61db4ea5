"""Which weight tensors are listed, under which names, and why some stay dense."""

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.training.kernels import KernelFilter, can_be_pruned, list_kernels


def listed(model):
    return {kernel.name: kernel.why_dense for kernel in list_kernels(model)}


def sequential(*inner, shape=(8, 8, 3)):
    return keras.Sequential([layers.Input(shape), *inner])


def test_kernels_are_listed_in_model_order_and_biases_and_normalisation_are_not():
    model = sequential(
        layers.Conv2D(4, 3, name="first"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(2, name="last"),
    )
    assert listed(model) == {"first/kernel": "", "last/kernel": ""}
    assert [kernel.shape for kernel in list_kernels(model)] == [(3, 3, 3, 4), (144, 2)]


@pytest.mark.parametrize(
    ("layer", "shape", "names"),
    [
        (layers.Conv1D(2, 3, name="c"), (8, 3), ["c/kernel"]),
        (layers.Conv3D(2, 2, name="c"), (4, 4, 4, 1), ["c/kernel"]),
        (layers.Conv2DTranspose(2, 3, name="c"), (8, 8, 3), ["c/kernel"]),
        (layers.SeparableConv2D(2, 3, name="c"), (8, 8, 3), ["c/pointwise_kernel"]),
        (layers.Embedding(10, 4, name="e"), (5,), ["e/embeddings"]),
        (layers.LSTM(3, name="r"), (5, 2), ["r/lstm_cell/kernel", "r/lstm_cell/recurrent_kernel"]),
        (layers.GRU(3, name="r"), (5, 2), ["r/gru_cell/kernel", "r/gru_cell/recurrent_kernel"]),
        (layers.TimeDistributed(layers.Dense(3, name="d"), name="t"), (5, 2), ["t/d/kernel"]),
    ],
)
def test_prunable_weights_are_those_tfmot_prunes(layer, shape, names):
    assert [name for name, why in listed(sequential(layer, shape=shape)).items() if not why] == names


def test_attention_is_pruned_in_its_four_projections():
    inputs = keras.Input((5, 6))
    model = keras.Model(inputs, layers.MultiHeadAttention(2, 3, name="a")(inputs, inputs))
    assert listed(model) == {f"a/{part}/kernel": "" for part in ("query", "key", "value", "attention_output")}


def test_both_directions_of_a_bidirectional_layer_are_listed():
    model = sequential(layers.Bidirectional(layers.SimpleRNN(2)), shape=(5, 3))
    assert len(listed(model)) == 4
    assert not any(listed(model).values())


def test_depthwise_kernels_are_listed_with_the_reason():
    (reason,) = listed(sequential(layers.DepthwiseConv2D(3))).values()
    assert reason.startswith("DepthwiseConv2D layers are not pruned")


def test_the_other_weights_of_a_layer_that_is_pruned_in_part_are_listed_with_the_reason():
    names = listed(sequential(layers.SeparableConv2D(2, 3, name="c")))
    assert names == {
        "c/pointwise_kernel": "",
        "c/depthwise_kernel": "not one of the weights that SeparableConv2D layers are pruned in",
    }


def test_frozen_layers_are_listed_with_the_reason():
    model = sequential(layers.Dense(3, name="a"), layers.Dense(2, name="b"), shape=(4,))
    model.layers[0].trainable = False
    assert listed(model) == {"a/kernel": "frozen (trainable=False)", "b/kernel": ""}


def test_quantised_kernels_are_listed_with_the_reason():
    model = sequential(layers.Dense(4, name="a"), shape=(8,))
    model.quantize("int8")
    assert listed(model)["a/kernel"] == "quantised (int8)"


def test_a_custom_layer_names_its_own_weights():
    class Own(layers.Layer):
        def build(self, input_shape):
            self.table = self.add_weight(shape=(input_shape[-1], 2), name="table")
            self.other = self.add_weight(shape=(3, 3), name="other")

        def call(self, inputs):
            return inputs @ self.table

        def get_prunable_weights(self):
            return [self.table]

    names = listed(sequential(Own(name="own"), shape=(4,)))
    assert names["own/table"] == ""
    assert names["own/other"] == "not one of the weights that Own layers are pruned in"


def test_a_custom_layer_that_names_none_is_listed_with_the_reason():
    class Own(layers.Layer):
        def build(self, input_shape):
            self.table = self.add_weight(shape=(input_shape[-1], 2), name="table")

        def call(self, inputs):
            return inputs @ self.table

    (reason,) = listed(sequential(Own(), shape=(4,))).values()
    assert "get_prunable_weights()" in reason


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = layers.Dense(4)
        self.blocks = [layers.Dense(3), keras.Sequential([layers.Dense(2)])]
        self.unused = layers.Dense(9)

    def call(self, inputs):
        x = self.stem(inputs)
        for block in self.blocks:
            x = block(x)
        return x


def test_layers_of_subclassed_models_are_found_in_attributes_lists_and_inner_models():
    model = Subclassed()
    model(np.zeros((1, 5), "float32"))
    assert [kernel.shape for kernel in list_kernels(model)] == [(5, 4), (4, 3), (3, 2)]


def test_weights_of_a_subclassed_model_itself_are_listed():
    class Projection(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(3)
            self.table = self.add_weight(shape=(3, 2), name="table")

        def call(self, inputs):
            return self.inner(inputs) @ self.table

        def get_prunable_weights(self):
            return [self.table]

    model = Projection()
    model(np.zeros((1, 5), "float32"))
    assert list(listed(model).values()) == ["", ""]


def test_a_shared_layer_is_listed_once_and_counts_every_use():
    inputs = keras.Input((8, 8, 2))
    shared = layers.Conv2D(2, 3, padding="same", name="shared")
    model = keras.Model(inputs, shared(layers.MaxPooling2D()(shared(inputs))))
    (kernel,) = list_kernels(model)
    assert kernel.positions == 64 + 16


def test_tied_weights_are_listed_once():
    class Head(layers.Layer):
        def __init__(self, embedding, **kwargs):
            super().__init__(**kwargs)
            self.embedding = embedding

        def call(self, inputs):
            return inputs @ keras.ops.transpose(self.embedding.embeddings)

        def get_prunable_weights(self):
            return [self.embedding.embeddings]

    embedding = layers.Embedding(7, 4, name="e")
    model = sequential(embedding, Head(embedding), shape=(5,))
    assert listed(model) == {"e/embeddings": ""}


def test_positions_count_the_outputs_a_kernel_is_applied_to():
    model = sequential(layers.Conv2D(4, 3, strides=2, padding="same"), layers.Flatten(), layers.Dense(2))
    assert [kernel.positions for kernel in list_kernels(model)] == [16, 1]


def test_positions_count_only_the_model_that_is_asked_for():
    model = sequential(layers.Conv2D(1, 1, name="c"))
    model.layers[0](keras.Input((100, 100, 3)))
    assert list_kernels(model)[0].positions == 64


def test_positions_are_unknown_where_the_size_of_the_input_is():
    assert list_kernels(sequential(layers.Conv2D(1, 1), shape=(None, None, 3)))[0].positions is None


def test_kernels_of_the_same_name_are_numbered():
    inner = [keras.Sequential([layers.Input((4,)), layers.Dense(4, name="d")], name="s") for _ in range(2)]
    outer = Pair(inner)
    outer(np.zeros((1, 4), "float32"))
    names = list(listed(outer))
    assert len(set(names)) == 2
    assert names[1] == names[0] + "#2"


class Pair(keras.Model):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, inputs):
        return self.inner[1](self.inner[0](inputs))


def test_a_model_without_weights_is_an_error_that_says_what_to_do():
    with pytest.raises(ValueError, match="build it"):
        list_kernels(keras.Sequential([layers.Dense(3)]))


def filtered(**arguments):
    model = sequential(*(layers.Dense(3, name=name) for name in "abc"), shape=(3,))
    return {kernel.name: kernel.why_dense for kernel in KernelFilter(**arguments).apply(list_kernels(model))}


def test_a_filter_leaves_out_by_pattern_and_at_the_ends():
    assert filtered(exclude=("b/*",)) == {"a/kernel": "", "b/kernel": "excluded by 'b/*'", "c/kernel": ""}
    assert filtered(protect_first=True) == {"a/kernel": "first layer", "b/kernel": "", "c/kernel": ""}
    assert filtered(protect_last=True) == {"a/kernel": "", "b/kernel": "", "c/kernel": "last layer"}


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Dense(3), True),
        (layers.LSTM(3), True),
        (layers.MultiHeadAttention(2, 2), True),
        (layers.Bidirectional(layers.GRU(2)), True),
        (layers.Flatten(), False),
        (layers.BatchNormalization(), False),
        (layers.DepthwiseConv2D(3), False),
    ],
)
def test_whether_a_layer_can_be_pruned_is_known_before_it_is_built(layer, expected):
    assert can_be_pruned(layer) is expected
