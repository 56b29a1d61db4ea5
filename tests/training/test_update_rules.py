"""Updates in one operation are those of Keras' optimizers."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.training.update_rules import FusedAdadelta, FusedAdam

PAIRS = {
    "adam": (FusedAdam, keras.optimizers.Adam, {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-4}),
    "adam with amsgrad": (FusedAdam, keras.optimizers.Adam, {"amsgrad": True}),
    "adamw": (FusedAdam, keras.optimizers.Adam, {"weight_decay": 0.1}),
    "adam under a schedule": (FusedAdam, keras.optimizers.Adam, {}),
    "adadelta": (FusedAdadelta, keras.optimizers.Adadelta, {"rho": 0.9, "epsilon": 1e-6}),
}


def trained(optimizer) -> list[np.ndarray]:
    """Weights and slots after twenty steps."""
    generator = np.random.default_rng(0)
    weights = [keras.Variable(generator.normal(size=shape).astype(np.float32)) for shape in ((5, 3), (3,))]
    step = tf.function(lambda gradients: optimizer.apply(gradients, weights))
    optimizer.build(weights)
    for _ in range(20):
        step([tf.constant(generator.normal(size=weight.shape), tf.float32) for weight in weights])
    return [np.array(variable) for variable in (*weights, *optimizer.variables)]


@pytest.mark.parametrize("name", PAIRS)
def test_weights_and_slots_are_those_of_keras(name):
    fused, plain, options = PAIRS[name]
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5) if "schedule" in name else 0.1
    for own, expected in zip(trained(fused(rate, **options)), trained(plain(rate, **options)), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("fused", [FusedAdam, FusedAdadelta])
def test_a_variable_takes_one_operation(fused):
    weight, optimizer = keras.Variable(np.ones(4, np.float32)), fused(0.1)
    optimizer.build([weight])
    graph = tf.function(lambda: optimizer.apply([tf.ones(4)], [weight])).get_concrete_function().graph
    applied = [operation.type for operation in graph.get_operations() if operation.type.startswith("ResourceApply")]
    assert applied == [f"ResourceApply{fused.__name__.removeprefix('Fused')}"]
