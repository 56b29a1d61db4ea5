"""A model's calls, in order, with models inside of it unfolded."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.errors import UsageError
from dsd_tf.models.graph import Graph, continue_run


def nested() -> keras.Model:
    """A residual sum and a Sequential inside; one dense layer is called twice."""
    inside = keras.Sequential([layers.Dense(3, name="first"), layers.ReLU(name="relu")], name="inside")
    twice = layers.Dense(3, name="twice")
    x = keras.Input((3,), name="x")
    y = layers.Add(name="sum")([inside(x), twice(x)])
    return keras.Model(x, twice(y), name="outer")


def test_calls_come_in_an_order_they_can_be_made_in_with_inner_models_unfolded():
    graph = Graph(nested())
    names = [call.name for call in graph.calls]
    assert sorted(names) == ["inside/first", "inside/relu", "sum", "twice", "twice"]
    assert names[-2:] == ["sum", "twice"]
    known = set(graph.inputs)
    for call in graph.calls:
        assert known.issuperset(call.inputs)
        known.update(call.outputs)
    assert known.issuperset(graph.outputs)


def test_running_every_call_again_gives_what_the_model_gives():
    model = nested()
    images = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    (found,) = Graph(model).run([images], lambda call, inputs: call.apply(inputs))
    assert np.array_equal(found, model(images))


def test_a_run_can_make_something_else_of_a_call():
    graph = Graph(nested())
    made = []

    def note(call, inputs):
        made.append((call.name, len(inputs)))
        return [call.name]

    assert graph.run(["x"], note) == ["twice"]
    assert ("sum", 2) in made


def test_a_run_can_be_continued_from_what_is_there():
    graph = Graph(nested())
    values = dict.fromkeys(graph.inputs, np.ones((1, 3), np.float32))
    continue_run(graph.calls[:2], values, lambda call, inputs: call.apply(inputs))
    assert len(values) == 3


def test_it_knows_who_makes_and_takes_a_tensor():
    graph = Graph(nested())
    (total,) = (call for call in graph.calls if call.name == "sum")
    assert [graph.producers()[tensor].name for tensor in total.inputs] == ["inside/relu", "twice"]
    assert [call.name for call in graph.consumers()[total.output]] == ["twice"]
    assert graph.consumers()[graph.outputs[0]] == []
    assert sorted(call.name for call in graph.consumers()[graph.inputs[0]]) == ["inside/first", "twice"]


def test_it_knows_all_calls_of_a_layer_and_the_shapes_of_tensors():
    model = nested()
    graph = Graph(model)
    assert len(graph.calls_of(model.get_layer("twice"))) == 2
    assert graph.shape(graph.outputs[0]) == (None, 3)
    assert graph.channels(graph.inputs[0]) == 3


def test_operations_between_layers_keep_their_constants():
    x = keras.Input((2,))
    model = keras.Model(x, keras.ops.maximum(x, 0.5) * 2)
    (found,) = Graph(model).run([np.array([[0.0, 3.0]], np.float32)], lambda call, inputs: call.apply(inputs))
    assert np.asarray(found).tolist() == [[1, 6]]


def test_a_model_that_is_no_graph_is_refused():
    class Opaque(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(UsageError, match="'opaque' is not a functional or Sequential model"):
        Graph(Opaque(name="opaque"))


class Doubled(keras.Model):
    def call(self, x, training=None, mask=None):
        return 2 * super().call(x)


class Named(keras.Model):
    """A subclass whose outputs are those of its layers."""


@pytest.mark.parametrize("inside", [False, True])
def test_a_functional_model_with_a_call_of_its_own_is_refused(inside):
    x = keras.Input((3,))
    model = Doubled(x, layers.Dense(2)(x), name="doubled")
    with pytest.raises(UsageError, match=r"'doubled' has a call\(\) of its own, .* make what it does layers"):
        Graph(keras.Sequential([keras.Input((3,)), model]) if inside else model)


def test_a_functional_subclass_is_traced_also_while_an_instance_has_another_call():
    x = keras.Input((3,))
    model = Named(x, layers.Dense(2, name="dense")(x))
    vars(model)["call"] = lambda images: images
    assert [call.name for call in Graph(model).calls] == ["dense"]


@pytest.mark.parametrize(
    ("shape", "channels"), [((None,), 1), ((4,), 1), ((None, None), 1), ((None, 5), 5), ((None, None, 5), 5)]
)
def test_the_batch_is_no_axis_of_channels_and_one_of_unknown_length_counts_as_one(shape, channels):
    graph = Graph(keras.Model(*2 * [keras.Input(batch_shape=shape)]))
    assert graph.channels(graph.inputs[0]) == channels
    assert graph.has_channels(graph.inputs[0]) == (channels > 1)
