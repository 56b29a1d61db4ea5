"""Cost arithmetic, by hand and against the published shares."""

from __future__ import annotations

import pytest

from dsd_tf.sparsity.allocation import erk
from dsd_tf.sparsity.flops import LayerCost, total_cost

# output side of each convolution for 32 x 32 images
VGG16_SIDES = [32, 32, 16, 16, 8, 8, 8, 4, 4, 4, 2, 2, 2]


def resnet18_positions(name: str) -> int:
    """Output pixels for 32 x 32 images, without the pool after the first convolution."""
    if name == "classifier":
        return 1
    stage = 1 if name == "conv1" else int(name[len("layer")])
    return (32 // 2 ** (stage - 1)) ** 2


def vgg16_positions(name: str) -> int:
    return VGG16_SIDES[int(name[len("conv") :]) - 1] ** 2 if name.startswith("conv") else 1


POSITIONS = {"resnet18/10": resnet18_positions, "vgg16d/10": vgg16_positions}


def test_a_layer_costs_two_flops_for_each_weight_at_each_position():
    cost = LayerCost("conv", (3, 3, 2, 4), positions=100, kept=18)
    assert (cost.size, cost.density, cost.macs) == (72, 0.25, 7200)
    assert (cost.dense_flops, cost.sparse_flops) == (14400, 3600)


def test_the_total_is_the_sum_over_layers():
    layers = [LayerCost("conv", (3, 3, 2, 4), 100, 18), LayerCost("dense", (10, 5), 1, 50)]
    total = total_cost(iter(layers))
    assert (total.size, total.kept, total.macs) == (122, 68, 7250)
    assert (total.dense_flops, total.sparse_flops) == (14500, 3700)


def test_no_layer_costs_nothing():
    assert total_cost([]).dense_flops == 0


@pytest.mark.parametrize(
    ("network", "density", "million_macs", "share"),
    [
        ("resnet18/10", 0.5, 555.4, 0.7964514),  # published rounded up to .797; this is by exact fractions
        ("resnet18/10", 0.3, 555.4, 0.632),
        ("resnet18/10", 0.2, 555.4, 0.508),
        ("resnet18/10", 0.1, 555.4, 0.248),
        ("resnet18/10", 0.05, 555.4, 0.125),
        ("vgg16d/10", 0.2, 313.7, 0.398),
        ("vgg16d/10", 0.1, 313.7, 0.202),
    ],
)
def test_erk_keeps_a_far_larger_share_of_the_flops_than_of_the_weights(
    shapes_of, network, density, million_macs, share
):
    shapes = shapes_of(network)
    total = total_cost(
        LayerCost(name, shape, POSITIONS[network](name), round(LayerCost(name, shape, 1, 0).size * kept))
        for (name, shape), kept in zip(shapes.items(), erk(shapes, density).values(), strict=True)
    )
    assert total.macs / 1e6 == pytest.approx(million_macs, abs=0.05)
    assert total.sparse_flops / total.dense_flops == pytest.approx(share, abs=5e-4)
    assert total.kept == pytest.approx(density * total.size, abs=len(shapes))
