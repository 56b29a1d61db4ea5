"""The inference graph: phases, in-place layers, splits, losses, and graphs that cannot be computed."""

from __future__ import annotations

import pytest

from dsd_tf.caffe.errors import CaffeError
from dsd_tf.caffe.network import Network, build_network
from dsd_tf.caffe.prototxt import parse_prototxt

INPUT = 'input: "data" input_dim: [1, 3, 5, 7]\n'


def network(text: str, header: str = INPUT) -> Network:
    return build_network(parse_prototxt(header + text, "f"))


def layer(kind: str, bottoms: str, tops: str, name: str = "", more: str = "") -> str:
    ends = [f'{side}: "{blob}"' for side, blobs in (("bottom", bottoms), ("top", tops)) for blob in blobs.split()]
    return f'layer {{ name: "{name or kind}" type: "{kind}" {" ".join(ends)} {more} }}\n'


def names(found: Network) -> list[str]:
    return [layer.name for layer in found.layers]


def test_an_in_place_layer_makes_a_new_value_under_the_old_name():
    found = network(layer("Convolution", "data", "a") + layer("ReLU", "a", "a") + layer("Power", "a", "b"))
    convolution, relu, power = found.layers
    assert relu.bottoms == convolution.tops
    assert power.bottoms == relu.tops
    assert relu.tops != convolution.tops
    assert found.outputs == list(power.tops)


def test_a_reader_before_the_in_place_layer_sees_the_old_value():
    found = network(layer("Power", "data", "a") + layer("TanH", "a", "t") + layer("ReLU", "a", "a"))
    power, tanh, relu = found.layers
    assert tanh.bottoms == relu.bottoms == power.tops


def test_split_layers_are_other_names_of_their_bottom():
    text = layer("Power", "data", "a") + layer("Split", "a", "a0 a1") + layer("Eltwise", "a0 a1", "e")
    power, eltwise = network(text).layers
    assert eltwise.bottoms == (*power.tops, *power.tops)
    assert [item.kind for item in network(text).ignored] == ["Split"]


def test_layers_of_the_train_phase_are_left_out():
    text = layer("Dropout", "data", "data", "train", "include { phase: TRAIN }") + layer("ReLU", "data", "r")
    found = network(text)
    assert names(found) == ["ReLU"]
    assert [(item.name, item.reason) for item in found.ignored] == [
        ("train", "belongs to the TRAIN phase or another stage")
    ]


def test_data_labels_losses_and_accuracies_are_left_out():
    text = (
        layer("Data", "", "data label", more="transform_param { crop_size: 9 }")
        + layer("InnerProduct", "data", "scores")
        + layer("SoftmaxWithLoss", "scores label", "loss")
        + layer("Accuracy", "scores label", "accuracy")
        + layer("Power", "loss", "scaled_loss")
    )
    found = network(text, header="")
    assert names(found) == ["InnerProduct"]
    assert [value.name for value in found.outputs] == ["scores"]
    assert {item.kind for item in found.ignored} == {"Data", "SoftmaxWithLoss", "Accuracy", "Power"}


def test_of_several_losses_the_heaviest_keeps_its_head():
    text = (
        layer("Power", "data", "trunk")
        + layer("InnerProduct", "trunk", "aux", "aux_head")
        + layer("SoftmaxWithLoss", "aux data", "aux_loss", "aux_loss", "loss_weight: 0.3")
        + layer("InnerProduct", "trunk", "main", "main_head")
        + layer("SoftmaxWithLoss", "main data", "loss", "loss")
    )
    found = network(text)
    assert names(found) == ["Power", "main_head"]
    assert [value.name for value in found.outputs] == ["main"]
    assert "aux_head" in [item.name for item in found.ignored]


def test_losses_of_equal_weight_keep_all_heads():
    text = "".join(
        layer("InnerProduct", "data", f"s{i}", f"head{i}") + layer("SoftmaxWithLoss", f"s{i} data", f"l{i}")
        for i in range(2)
    )
    assert [value.name for value in network(text).outputs] == ["s0", "s1"]


def test_silenced_values_are_no_outputs():
    text = layer("ReLU", "data", "a") + layer("TanH", "data", "b") + layer("Silence", "b", "")
    found = network(text)
    assert [value.name for value in found.outputs] == ["a"]
    assert names(found) == ["ReLU"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (layer("ReLU", "nowhere", "a"), "f:2:1: layer 'ReLU': no earlier layer makes its bottom 'nowhere'$"),
        (
            layer("Eltwise", "data b", "a", "first") + layer("ReLU", "a", "b", "second"),
            "f:2:1: layer 'first': no earlier layer makes its bottom 'b'; layer 'second' comes later",
        ),
        (layer("ReLU", "a", "a"), "no earlier layer makes its bottom 'a'; layer 'ReLU' comes later"),
        (layer("ReLU", "data", "a") * 2, "f:3:1: layer 'ReLU': its top 'a' is already made"),
        (layer("Slice", "data", "a a"), "its top 'a' is already made"),
        (layer("Split", "data data", "a"), "expected one bottom, found 2"),
        ('layer { name: "x" }', "layer 'x' has no type"),
        ("", "the network has no output"),
        (layer("Silence", "data", ""), "the network has no output"),
        (layer("ReLU", "data", "a") + layer("Silence", "a", ""), "the network has no output"),
    ],
)
def test_graphs_that_cannot_be_computed_are_refused(text, problem):
    with pytest.raises(CaffeError, match=problem):
        network(text)


def test_a_network_without_input_is_refused():
    with pytest.raises(CaffeError, match="the network has no input"):
        network(layer("ReLU", "", "a"), header="")
