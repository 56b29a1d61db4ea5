"""ResNets have the published sizes, maps, starts and batch-norm constants."""

from __future__ import annotations

import keras
import numpy as np
import pytest


@pytest.fixture(scope="module")
def resnet18(build):
    return build("resnet18", stem="cifar_pool")


def side(model, layer: str) -> int:
    height, width = model.get_layer(layer).output.shape[1:3]
    assert height == width
    return height


def test_resnet18_with_the_stem_pool_has_the_size_of_dsd2(resnet18, size_of):
    assert size_of(resnet18)[:2] == (11_173_962, 11_164_352)
    assert size_of(resnet18).mega_macs == 140.2


def test_resnet18_without_the_stem_pool_has_the_same_parameters_and_four_times_the_macs(build, size_of):
    model = build("resnet18", stem="cifar")
    assert size_of(model)[:2] == (11_173_962, 11_164_352)
    assert size_of(model).mega_macs == 555.4
    assert [side(model, f"stage{stage}_block2_relu") for stage in (1, 2, 3, 4)] == [32, 16, 8, 4]


def test_resnet18_for_100_classes_has_the_published_size(build, size_of):
    assert size_of(build("resnet18", num_classes=100))[:2] == (11_220_132, 11_210_432)


def test_resnet18_at_a_quarter_of_the_width_has_the_published_size(build, size_of):
    size = size_of(build("resnet18", stem="cifar_pool", width=0.25))
    assert (size.parameters, size.mega_macs) == (701_466, 9.1)


def test_resnet18_with_the_imagenet_stem_has_the_published_size(build, size_of):
    model = build("resnet18", (224, 224, 3), 1000, stem="imagenet")
    assert size_of(model).parameters == 11_689_512
    assert round(size_of(model).macs / 1e9, 2) == 1.81
    assert (side(model, "stem_conv"), side(model, "stem_pool"), side(model, "stage4_block2_relu")) == (
        112,
        56,
        7,
    )


def test_resnet34_has_the_published_size_plus_a_classifier_bias(build, size_of):
    size = size_of(build("resnet34", (64, 64, 3), 200))
    assert (size.parameters, size.prunable) == (21_379_392 + 200, 21_362_368)


@pytest.mark.parametrize(("name", "parameters"), [("resnet50", 25_557_032), ("resnet101", 44_549_160)])
def test_bottleneck_networks_have_the_size_of_torchvision(build, size_of, name, parameters):
    assert size_of(build(name, (64, 64, 3), 1000, stem="imagenet")).parameters == parameters


def test_bottlenecks_stride_in_their_three_by_three(build):
    model = build("resnet50", width=1 / 16, stem="imagenet", input_shape=(64, 64, 3))
    assert [model.get_layer(f"stage2_block1_conv{index}").strides[0] for index in (1, 2, 3)] == [1, 2, 1]


def test_kernels_per_stage_and_maps_are_those_of_dsd2(resnet18, kernel_layers):
    entries = dict.fromkeys(("stem", "stage1", "stage2", "stage3", "stage4", "logits"), 0)
    for layer in kernel_layers(resnet18):
        entries[layer.name.split("_")[0]] += int(np.prod(layer.kernel.shape))
    assert list(entries.values()) == [1_728, 147_456, 524_288, 2_097_152, 8_388_608, 5_120]
    maps = ["stem_conv", "stem_pool", *(f"stage{stage}_block2_relu" for stage in (1, 2, 3, 4))]
    assert [side(resnet18, name) for name in maps] == [32, 16, 16, 8, 4, 2]


def test_resnet18_has_21_prunable_tensors_20_batch_norms_and_17_observable_relus(resnet18, kernel_layers):
    assert len(kernel_layers(resnet18)) == 21
    norms = [layer for layer in resnet18.layers if isinstance(layer, keras.layers.BatchNormalization)]
    relus = [layer for layer in resnet18.layers if isinstance(layer, keras.layers.ReLU)]
    assert (len(norms), len(relus)) == (20, 17)
    assert [relu.input.shape[1:] for relu in relus[:2]] == [(32, 32, 64), (16, 16, 64)]


def test_batch_norm_uses_the_constants_of_pytorch_and_starts_as_the_identity(resnet18):
    for layer in resnet18.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert (layer.momentum, layer.epsilon, layer.synchronized) == (0.9, 1e-5, False)
            assert np.all(np.asarray(layer.gamma) == 1) and np.all(np.asarray(layer.beta) == 0)


def test_convolutions_start_fan_out_normal(resnet18, kernel_layers):
    for layer in kernel_layers(resnet18)[:-1]:
        height, width, _, filters = layer.kernel.shape
        kernel = np.asarray(layer.kernel)
        expected = np.sqrt(2 / (height * width * filters))
        assert abs(kernel.std() / expected - 1) < 4 / np.sqrt(2 * kernel.size), layer.name
        assert abs(kernel.mean()) < 4 * expected / np.sqrt(kernel.size), layer.name
        assert np.abs(kernel).max() > 2.5 * expected, layer.name  # not truncated at two deviations


def test_the_classifier_starts_uniform_in_kernel_and_bias(resnet18):
    bound = 1 / np.sqrt(512)
    kernel, bias = (np.asarray(weight) for weight in resnet18.get_layer("logits").weights)
    assert 0.99 * bound < np.abs(kernel).max() <= bound
    assert np.abs(bias).max() <= bound
    assert len(np.unique(bias)) == 10
    assert bias.min() < 0 < bias.max()


def test_the_sdd_start_is_fan_in_normal_with_uniform_scales(build):
    model = build("resnet18", stem="cifar", width=0.5, initializer="sdd")
    for name, fan_in in {
        "stage4_block1_conv1": 9 * 128,
        "stage4_block2_conv2": 9 * 256,
        "logits": 256,
    }.items():
        kernel = np.asarray(model.get_layer(name).kernel)
        assert abs(kernel.std() / np.sqrt(2 / fan_in) - 1) < 4 / np.sqrt(2 * kernel.size), name
    norm = model.get_layer("stage4_block2_bn2")
    gamma = np.asarray(norm.gamma)
    assert 0 <= gamma.min() < 0.05 and 0.95 < gamma.max() < 1
    assert np.all(np.asarray(norm.beta) == 0)
