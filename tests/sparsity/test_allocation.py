"""Layer densities: the published worked numbers, and what a table may hold."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.allocation import Allocation, er, erk, explicit, igq, uniform

RULES = {"uniform": uniform, "erk": erk, "er": er, "igq": igq}

RESNET18_ERK = {
    # layers: density at .3, .2, .1, .05
    ("conv1",): (1, 1, 1, 1),
    ("layer1.0.conv1", "layer1.0.conv2", "layer1.1.conv1", "layer1.1.conv2"): (1, 1, 0.479679, 0.232725),
    ("layer2.0.conv1",): (1, 0.753841, 0.354390, 0.171939),
    ("layer2.0.conv2", "layer2.1.conv1", "layer2.1.conv2"): (0.794695, 0.498753, 0.234470, 0.113757),
    ("layer2.0.shortcut",): (1, 1, 1, 1),
    ("layer3.0.conv1",): (0.591471, 0.371210, 0.174510, 0.084667),
    ("layer3.0.conv2", "layer3.1.conv1", "layer3.1.conv2"): (0.392798, 0.246521, 0.115893, 0.056227),
    ("layer3.0.shortcut",): (1, 1, 1, 0.754186),
    ("layer4.0.conv1",): (0.293461, 0.184177, 0.086584, 0.042008),
    ("layer4.0.conv2", "layer4.1.conv1", "layer4.1.conv2"): (0.195261, 0.122547, 0.057611, 0.027951),
    ("layer4.0.shortcut",): (1, 1, 0.775228, 0.376116),
    ("classifier",): (1, 1, 1, 1),
}
RESNET18_KEPT = {
    # layer: weights kept at .2, .1
    "conv1": (1728, 1728),
    "layer1.0.conv1": (36864, 17683),
    "layer2.0.conv1": (55579, 26128),
    "layer2.0.conv2": (73544, 34574),
    "layer2.0.shortcut": (8192, 8192),
    "layer3.0.conv1": (109474, 51465),
    "layer3.0.conv2": (145404, 68356),
    "layer3.0.shortcut": (32768, 32768),
    "layer4.0.conv1": (217264, 102138),
    "layer4.0.conv2": (289124, 135921),
    "layer4.0.shortcut": (131072, 101611),
    "classifier": (5120, 5120),
}
VGG16_ERK = {
    # layers: (density, weights kept) at .2, at .1
    ("conv1",): ((1, 1728), (1, 1728)),
    ("conv2",): ((1, 36864), (0.551919, 20346)),
    ("conv3",): ((0.852764, 62873), (0.407761, 30063)),
    ("conv4",): ((0.564203, 83195), (0.269781, 39781)),
    ("conv5",): ((0.419922, 123840), (0.200791, 59216)),
    ("conv6", "conv7"): ((0.278871, 164485), (0.133346, 78651)),
    ("conv8",): ((0.208346, 245775), (0.099623, 117521)),
    ("conv9", "conv10", "conv11", "conv12", "conv13"): ((0.138628, 327064), (0.066287, 156390)),
    ("fc1", "fc2"): ((1, 262144), (0.593107, 155479)),
    ("fc3",): ((1, 5120), (1, 5120)),
}


def kept(shape: tuple[int, ...], density: float) -> int:
    return round(math.prod(shape) * density)


@pytest.mark.parametrize(
    ("network", "tensors", "weights"),
    [
        ("resnet18/10", 21, 11_164_352),
        ("resnet18/100", 21, 11_210_432),
        ("resnet34/200", 37, 21_362_368),
        ("vgg16d/10", 16, 15_239_872),
        ("vgg16d/100", 16, 15_285_952),
        ("vgg19/100", 17, 20_070_080),
        ("lenet300", 3, 266_200),
        ("toy", 4, 3736),
    ],
)
def test_the_networks_are_the_published_ones(shapes_of, network, tensors, weights):
    shapes = shapes_of(network)
    assert len(shapes) == tensors
    assert sum(map(math.prod, shapes.values())) == weights


@pytest.mark.parametrize(("column", "density"), [(0, 0.3), (1, 0.2), (2, 0.1), (3, 0.05)])
def test_erk_densities_of_resnet18(shapes_of, column, density):
    expected = {name: row[column] for names, row in RESNET18_ERK.items() for name in names}
    assert erk(shapes_of("resnet18/10"), density) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("column", "density"), [(0, 0.2), (1, 0.1)])
def test_erk_counts_of_resnet18(shapes_of, column, density):
    shapes = shapes_of("resnet18/10")
    densities = erk(shapes, density)
    counts = {name: kept(shapes[name], densities[name]) for name in RESNET18_KEPT}
    assert counts == {name: row[column] for name, row in RESNET18_KEPT.items()}


@pytest.mark.parametrize(("column", "density"), [(0, 0.2), (1, 0.1)])
def test_erk_densities_and_counts_of_vgg16(shapes_of, column, density):
    shapes = shapes_of("vgg16d/10")
    expected = {name: row[column] for names, row in VGG16_ERK.items() for name in names}
    densities = erk(shapes, density)
    assert densities == pytest.approx({name: value for name, (value, _) in expected.items()}, abs=1e-5)
    assert {name: kept(shapes[name], densities[name]) for name in shapes} == {
        name: count for name, (_, count) in expected.items()
    }


@pytest.mark.parametrize(
    ("network", "density", "sparse_layer", "epsilon"),
    [
        ("resnet18/10", 0.2, "layer4.1.conv2", 280.702945),
        ("resnet18/10", 0.1, "layer4.1.conv2", 131.961867),
        ("vgg16d/10", 0.2, "conv13", 317.538335),
        ("vgg16d/10", 0.1, "conv13", 151.835388),
        ("resnet18/100", 0.2, "layer4.1.conv2", 275.275383),
        ("resnet18/100", 0.1, "layer4.1.conv2", 126.840603),
        ("vgg16d/100", 0.2, "conv13", 312.818233),
        ("vgg16d/100", 0.1, "conv13", 147.684868),
        ("vgg19/100", 0.2, "conv16", 377.870069),
        ("lenet300", 0.1, "fc1", 17.264151),
        ("lenet300", 0.05, "fc1", 8.350063),
        ("toy", 0.2, "conv1", 4.038919),
        ("toy", 0.5, "conv1", 10.825175),
    ],
)
def test_erk_scale(shapes_of, network, density, sparse_layer, epsilon):
    shape = shapes_of(network)[sparse_layer]
    found = erk(shapes_of(network), density)[sparse_layer] * math.prod(shape) / sum(shape)
    assert found == pytest.approx(epsilon, abs=1e-5)


@pytest.mark.parametrize(
    ("network", "density", "expected"),
    [
        (
            "resnet18/100",
            0.1,
            {
                "layer1.0.conv1": 0.461063,
                "layer2.0.conv1": 0.340636,
                "layer3.1.conv2": 0.111395,
                "layer4.1.conv2": 0.055375,
                "layer4.0.shortcut": 0.745142,
                "classifier": 1,
            },
        ),
        ("resnet18/100", 0.05, {"classifier": 0.723550}),
        ("vgg16d/100", 0.1, {"conv2": 0.536832, "conv9": 0.064475, "conv13": 0.064475}),
        ("vgg16d/100", 0.1, {"fc1": 0.576894, "fc2": 0.576894, "fc3": 1}),
        ("vgg19/100", 0.2, {"conv4": 0.671400, "conv9": 0.247931, "conv10": 0.164967, "conv16": 0.164967}),
        ("lenet300", 0.1, {"fc1": 0.079568, "fc2": 0.230189, "fc3": 1}),
        ("lenet300", 0.05, {"fc1": 0.038484, "fc2": 0.111334, "fc3": 0.918507}),
        ("toy", 0.2, {"conv1": 0.317878, "conv2": 0.105180, "fc1": 0.189324, "fc2": 0.530108}),
    ],
)
def test_erk_densities_of_other_networks(shapes_of, network, density, expected):
    densities = erk(shapes_of(network), density)
    assert {name: densities[name] for name in expected} == pytest.approx(expected, abs=1e-5)


def test_erk_counts_of_the_toy_network(shapes_of):
    shapes = shapes_of("toy")
    assert [kept(shapes[name], density) for name, density in erk(shapes, 0.2).items()] == [69, 121, 388, 170]


def test_erk_makes_only_the_last_layer_of_the_toy_network_dense_at_one_half(shapes_of):
    assert [name for name, density in erk(shapes_of("toy"), 0.5).items() if density == 1] == ["fc2"]


def test_er_densities_of_the_toy_network(shapes_of):
    assert list(er(shapes_of("toy"), 0.2).values()) == pytest.approx([0.7560, 0.3093, 0.0773, 0.2165], abs=5e-5)


def test_er_densities_of_resnet18(shapes_of):
    densities = er(shapes_of("resnet18/10"), 0.2)
    dense = [name for name, density in densities.items() if density == 1]
    assert dense == ["conv1", *(f"layer1.{b}.conv{c}" for b in (0, 1) for c in (1, 2)), "classifier"]
    assert densities["layer4.1.conv2"] == pytest.approx(0.1313, abs=5e-5)
    assert densities["layer4.1.conv2"] * 512 * 512 / 1024 == pytest.approx(33.620704, abs=1e-5)


def test_igq_densities_of_resnet18(shapes_of):
    densities = igq(shapes_of("resnet18/10"), 0.2)
    expected = {"conv1": 0.9936, "layer1.0.conv1": 0.8787, "layer4.1.conv2": 0.1017, "classifier": 0.9812}
    assert {name: densities[name] for name in expected} == pytest.approx(expected, abs=5e-5)
    assert (1 / densities["conv1"] - 1) / 1728 == pytest.approx(3.7455e-6, abs=5e-11)


kernels = st.lists(st.integers(1, 40), min_size=2, max_size=4).map(tuple)


@given(
    st.sampled_from(sorted(RULES)),
    st.dictionaries(st.text(max_size=3), kernels, min_size=1, max_size=6),
    st.floats(0.01, 1),
)
def test_every_rule_keeps_the_density_it_was_asked_for(rule, shapes, density):
    densities = RULES[rule](shapes, density)
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    assert list(densities) == list(shapes)
    assert all(0 < value <= 1 for value in densities.values())
    total = sum(densities[name] * sizes[name] for name in shapes)
    assert total == pytest.approx(density * sum(sizes.values()), rel=1e-9)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_full_density_makes_every_layer_dense(shapes_of, rule):
    assert set(RULES[rule](shapes_of("resnet18/10"), 1.0).values()) == {1.0}


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("density", [0.0, -0.1, 1.5, float("nan"), None])
def test_a_density_outside_its_range_is_refused(shapes_of, rule, density):
    with pytest.raises(UsageError, match=r"give a number in \(0, 1\]"):
        Allocation(rule).densities(shapes_of("toy"), density)


@pytest.mark.parametrize("rule", ["global", "uniform", "erk", "er", "igq"])
def test_rules_are_parsed_by_name(rule):
    assert Allocation.parse(rule) == Allocation(rule)
    assert Allocation.parse(rule).is_global == (rule == "global")


def test_an_unknown_rule_names_the_nearest_and_the_table():
    with pytest.raises(UsageError, match="did you mean 'erk'.*or the path of a JSON or CSV table"):
        Allocation.parse("erks")


def test_a_global_allocation_has_no_layer_densities(shapes_of):
    with pytest.raises(ValueError, match="no densities per layer"):
        Allocation("global").densities(shapes_of("toy"), 0.5)


TABLE = {"conv1": 1.0, "conv2": 0.5, "fc1": 0.1, "fc2": 0.25}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(TABLE),
        "".join(f"{name},{density}\n" for name, density in TABLE.items()),
        "name,density\r\nfc2,0.25\r\n\r\nfc1,.1\r\nconv2,5e-1\r\nconv1,1\r\n",
    ],
)
def test_a_table_is_read_from_json_or_csv(shapes_of, tmp_path, text):
    path = tmp_path / "table"
    path.write_text(text)
    allocation = Allocation.parse(str(path))
    assert allocation == explicit(TABLE)
    densities = allocation.densities(shapes_of("toy"), None)
    assert densities == TABLE
    assert list(densities) == list(shapes_of("toy"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1.5}', "layer 'a' is 1.5"),
        ('{"a": "half"}', "layer 'a' is 'half'"),
        ('{"a": {"b": 1}}', "layer 'a' is"),
        ('{"a": 0.5, "a": 0.6}', "named twice"),
        ('{"a": 0.5', "not a table of densities"),
        ("a;0.5\n", "not a table of densities"),
        ("a,half\n", "not a table of densities"),
        ("a,0.5\na,0.6\n", "named twice"),
        ("a,0\n", "layer 'a' is 0.0"),
    ],
)
def test_a_bad_table_is_refused(tmp_path, text, message):
    path = tmp_path / "table"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        Allocation.parse(str(path))


def test_a_table_without_a_layer_names_it(shapes_of):
    table = {name: density for name, density in TABLE.items() if name != "fc1"}
    with pytest.raises(UsageError, match="no layer 'fc1'"):
        explicit(table).densities(shapes_of("toy"), None)


def test_a_table_with_an_unknown_layer_names_it(shapes_of):
    with pytest.raises(UsageError, match="'conv3'; did you mean 'conv"):
        explicit(TABLE | {"conv3": 0.5}).densities(shapes_of("toy"), None)


@pytest.mark.parametrize(("kind", "table"), [("explicit", None), ("erk", {"a": 0.5})])
def test_a_table_belongs_to_the_explicit_allocation(kind, table):
    with pytest.raises(UsageError, match="a table belongs to 'explicit'"):
        Allocation(kind, table)
