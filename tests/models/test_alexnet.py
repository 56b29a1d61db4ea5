"""AlexNet's two forms."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.errors import UsageError


@pytest.mark.parametrize(
    ("name", "shape", "classes", "parameters"),
    [
        ("alexnet", (64, 64, 3), 10, 57_044_810),
        ("alexnet", (64, 64, 1), 10, 57_029_322),
        ("alexnet_bvlc", (227, 227, 3), 1000, 60_965_224),
    ],
)
def test_parameters_are_the_published_ones(build, name, shape, classes, parameters):
    assert build(name, shape, classes).count_params() == parameters


def test_the_caffe_form_has_maps_of_55_27_13_and_6(build):
    model = build("alexnet_bvlc", (227, 227, 3), width=0.02)
    sides = [model.get_layer(name).output.shape[1] for name in ("conv1", "pool1", "pool2", "pool5")]
    assert sides == [55, 27, 13, 6]


def test_the_torch_form_reads_a_6x6_map_whatever_the_image_size(build):
    for side, name in ((224, "pool5"), (64, "adaptive_repeat")):
        model = build("alexnet", (side, side, 3), width=0.02)
        assert model.get_layer(name).output.shape[1:3] == (6, 6)


def test_a_group_reads_its_half_of_the_channels(build):
    model = build("alexnet_bvlc", (67, 67, 3), width=0.1)
    groups = [model.get_layer("conv2").get_layer(f"conv2_group{index}") for index in (1, 2)]
    assert [group.kernel.shape[2:] for group in groups] == [(5, 13), (5, 13)]


def test_hidden_layers_start_as_caffes_fillers_do(build):
    model = build("alexnet_bvlc", (67, 67, 3), width=0.1)
    biases = {
        name: set(model.get_layer(name).weights[1].numpy()) for name in ("conv1", "conv2", "conv3", "fc6", "logits")
    }
    tenth = {np.float32(0.1)}
    assert biases == {"conv1": {0}, "conv2": tenth, "conv3": {0}, "fc6": tenth, "logits": {0}}
    assert model.get_layer("fc7").get_weights()[0].std() == pytest.approx(0.005, rel=0.02)


@pytest.mark.parametrize(("name", "side"), [("alexnet", 63), ("alexnet_bvlc", 39)])
def test_the_smallest_image_is_named(build, name, side):
    assert build(name, (side, side, 3), width=0.02).output.shape == (None, 10)
    with pytest.raises(UsageError, match=f"{name} needs images of at least {side}x{side} pixels"):
        build(name, (side, side - 1, 3), width=0.02)
