"""States are as long as the table of the published code says."""

from __future__ import annotations

import math

import keras
import pytest

from dsd_tf.edropout.find_gates import find_gates
from dsd_tf.edropout.published import published_size
from dsd_tf.models.build import build_model
from dsd_tf.models.options import ModelOptions

# model: image side (any will do), published bits, bits without those that say the same twice, trainable parameters
TABLE = {
    "resnet18": (8, 6208, 5312, 11_221_158),
    "resnet34": (8, 9920, 9024, 21_329_318),
    "resnet50": (8, 32448, 28608, 23_709_350),
    "resnet101": (8, 58560, 54720, 42_701_478),
    "alexnet": (63, 18662, 18560, 57_421_734),
    "squeezenet_v1_1": (17, 3558, 2944, 774_822),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_published_network_has_the_published_number_of_bits_and_parameters(name):
    side, published, own, parameters = TABLE[name]
    with keras.StatelessScope(initialize_variables=False):  # up to 57 million values are not needed
        model = build_model(name, (side, side, 3), 102, ModelOptions(), 0)
        registry = find_gates(model)
        assert published_size(registry) == published
        assert registry.size == own
        assert sum(math.prod(variable.shape) for variable in model.trainable_variables) == parameters
