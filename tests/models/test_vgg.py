"""VGG networks have the published sizes, and their adaptive pool is PyTorch's on every image size."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.models.vgg import adaptive_average_pool

# depth, width_log2, parameters, prunable, millions of multiply-adds, final map (channels, side)
VGG_LIKE = [
    (1, 5, 25_962, 25_760, 10.3, (32, 16)),
    (2, 5, 97_322, 96_736, 24.5, (64, 8)),
    (3, 5, 350_634, 349_280, 38.7, (128, 4)),
    (4, 5, 1_299_626, 1_296_736, 52.9, (256, 2)),
    (5, 3, 358_770, 357_272, 4.4, (128, 1)),
    (5, 4, 1_306_202, 1_303_216, 17.1, (256, 1)),
    (5, 6, 19_352_906, 19_340_992, 266.5, (1024, 1)),
    (3, 3, 34_098, 33_752, 2.6, (32, 4)),
    (3, 4, 103_898, 103_216, 9.9, (64, 4)),
    (2, 3, 12_242, 12_088, 1.7, (16, 8)),
]


@pytest.fixture(scope="module")
def vgg_like(build):
    return build("vgg_like")


@pytest.mark.parametrize(("depth", "width_log2", "parameters", "prunable", "mega_macs", "final"), VGG_LIKE)
def test_vgg_like_has_the_published_sizes(build, size_of, depth, width_log2, parameters, prunable, mega_macs, final):
    model = build("vgg_like", depth=depth, width_log2=width_log2)
    size = size_of(model)
    assert (size.parameters, size.prunable, size.mega_macs) == (parameters, prunable, mega_macs)
    channels, side = final
    assert model.get_layer(f"block{depth}_pool").output.shape[1:] == (side, side, channels)


def test_vgg_like_5_5_has_the_published_size(vgg_like, size_of, kernel_layers):
    assert size_of(vgg_like)[:2] == (4_967_082, 4_961_120)
    assert size_of(vgg_like).mega_macs == 67.2
    *convs, classifier = (int(np.prod(layer.kernel.shape)) for layer in kernel_layers(vgg_like))
    assert convs == [864, 9_216, 18_432, 36_864, 73_728, 147_456, 294_912, 589_824, 1_179_648, 2_359_296]
    assert classifier == 250_880


def test_vgg_like_for_100_classes_has_the_published_size(build, size_of):
    model = build("vgg_like", num_classes=100)
    assert size_of(model)[:2] == (7_225_092, 7_219_040)
    assert model.get_layer("logits").kernel.shape == (25_088, 100)


def test_vgg_like_width_multiplier_halves_like_one_step_of_width_log2(build, size_of):
    assert size_of(build("vgg_like", width=0.25)) == size_of(build("vgg_like", width_log2=3))


def test_vgg_like_observes_raw_convolutions_because_relu_comes_before_batch_norm(vgg_like):
    relus = [layer for layer in vgg_like.layers if isinstance(layer, keras.layers.ReLU)]
    assert [int(np.prod(relu.input.shape[1:])) for relu in relus[::2]] == [
        32_768,
        16_384,
        8_192,
        4_096,
        2_048,
    ]
    assert len(relus) == 10
    order = [layer.name for layer in vgg_like.layers[1:4]]
    assert order == ["block1_conv1", "block1_relu1", "block1_bn1"]


def test_vgg_like_starts_as_pytorch_starts_kernels_and_biases(vgg_like, kernel_layers):
    for layer in kernel_layers(vgg_like):
        bound = np.prod(layer.kernel.shape[:-1]) ** -0.5
        kernel, bias = np.asarray(layer.kernel), np.asarray(layer.bias)
        assert 0.98 * bound < np.abs(kernel).max() <= bound * (1 + 1e-6), layer.name
        assert abs(kernel.std() * np.sqrt(3) / bound - 1) < 4 / np.sqrt(kernel.size), layer.name
        assert 0.5 * bound < np.abs(bias).max() <= bound * (1 + 1e-6), layer.name
        assert bias.min() < 0 < bias.max()


def test_vgg_like_refuses_images_its_pools_would_leave_nothing_of(build):
    with pytest.raises(UsageError, match="vgg_like of depth 4 needs images of at least 16x16 pixels, got 8x8"):
        build("vgg_like", (8, 8, 1), depth=4)


def test_vgg16_has_the_size_of_open_lth(build, size_of):
    model = build("vgg16")
    size = size_of(model)
    classifier = 5_120
    assert (size.parameters, size.prunable) == (14_728_266, 14_710_464 + classifier)
    # VGG-16 "D" has the same convolutions, and two more dense layers of 512 x 512: 313.7 M together.
    assert round((size.macs + 2 * 512 * 512) / 1e6, 1) == 313.7
    assert model.get_layer("pool").input.shape[1:] == (2, 2, 512)


def test_vgg19_has_the_published_size(build, size_of, kernel_layers):
    model = build("vgg19", num_classes=100)
    assert size_of(model)[:2] == (20_081_188, 20_070_080)
    assert len(kernel_layers(model)) == 17
    assert np.all(np.asarray(model.get_layer("logits").bias) == 0)
    assert abs(np.asarray(model.get_layer("logits").kernel).std() / 0.01 - 1) < 0.02


def bins(length: int, side: int) -> np.ndarray:
    """Averaging matrix (side, length): bin i covers [floor(i n / side), ceil((i + 1) n / side))."""
    matrix = np.zeros((side, length))
    for index in range(side):
        first, end = index * length // side, -(-(index + 1) * length // side)
        matrix[index, first:end] = 1 / (end - first)
    return matrix


def pool(images: np.ndarray) -> np.ndarray:
    x = keras.Input(images.shape[1:])
    model = keras.Model(x, adaptive_average_pool(x, 7))
    return np.asarray(tf.function(model)(tf.constant(images)))


def test_four_pixels_fall_into_the_seven_published_bins():
    covered = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4)]
    row = np.array([1.0, 10.0, 100.0, 1000.0], np.float32)
    image = np.broadcast_to(row[None, None, :, None], (1, 7, 4, 1))
    assert pool(image)[0, 0, :, 0].tolist() == [row[first:end].mean() for first, end in covered]


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (4, 4), (7, 7), (8, 8), (16, 16), (5, 1), (1, 9), (3, 28)])
def test_the_adaptive_pool_is_the_bin_formula_on_both_axes(shape):
    images = np.random.default_rng(0).normal(size=(2, *shape, 3)).astype(np.float32)
    expected = np.einsum("ih,jw,bhwc->bijc", bins(shape[0], 7), bins(shape[1], 7), images)
    np.testing.assert_allclose(pool(images), expected, atol=1e-6)


def test_one_pixel_is_replicated_exactly():
    image = np.array([0.1, -2.3], np.float32).reshape(1, 1, 1, 2)
    assert np.array_equal(pool(image), np.broadcast_to(image, (1, 7, 7, 2)))


def test_the_papers_vgg16_has_the_published_size_and_layer_names(build, size_of, kernel_layers):
    model = build("vgg16_imagenet", (224, 224, 3), 1000)
    assert size_of(model).parameters == 138_357_544
    names = [layer.name for layer in kernel_layers(model)]
    assert names[:4] == ["conv1_1", "conv1_2", "conv2_1", "conv2_2"]
    assert names[-4:] == ["conv5_3", "fc6", "fc7", "logits"]


def test_the_papers_vgg16_refuses_images_under_32(build):
    with pytest.raises(UsageError, match="vgg16_imagenet.* 32x32"):
        build("vgg16_imagenet", (31, 40, 3))
