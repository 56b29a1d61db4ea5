"""AlexNet as in Caffe (Krizhevsky et al., NIPS 2012) and as in torchvision (arXiv 1404.5997)."""

from __future__ import annotations

from dataclasses import replace

from keras import KerasTensor, initializers, layers

from dsd_tf.models.blocks import Blocks, relu, require_side
from dsd_tf.models.caffe_ops import Window, grouped, local_response_norm, max_pool
from dsd_tf.models.dropout import dropout
from dsd_tf.models.initializers import Scheme, narrow_normal, torch_uniform, zero_bias
from dsd_tf.models.options import ModelOptions
from dsd_tf.models.vgg import adaptive_average_pool

_HIDDEN = 4096


def _narrower_normal(seed: int) -> initializers.Initializer:
    return initializers.RandomNormal(0.0, 0.005, seed)


def _tenth(_fan_in: int, _seed: int) -> initializers.Initializer:
    return initializers.Constant(0.1)


TORCH = Scheme(conv=torch_uniform, dense=torch_uniform)
BVLC = Scheme(conv=narrow_normal, dense=narrow_normal, bias=zero_bias)
BVLC_HIDDEN = Scheme(conv=narrow_normal, dense=_narrower_normal, bias=_tenth)


def alexnet(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """57,044,810 parameters for 3 channels and 10 classes. Raises UsageError for images under 63x63."""
    require_side(images, 63, "alexnet")
    blocks = Blocks(options, seed, TORCH)
    x = layers.ZeroPadding2D(2, name="conv1_pad")(images)
    x = relu(blocks.conv(x, blocks.width(64), 11, "conv1", strides=4, use_bias=True, pad=False), "relu1")
    for index, (filters, size) in enumerate(((192, 5), (384, 3), (256, 3), (256, 3)), start=2):
        if index < 4:
            x = layers.MaxPooling2D(3, 2, name=f"pool{index - 1}")(x)
        x = relu(blocks.conv(x, blocks.width(filters), size, f"conv{index}", use_bias=True), f"relu{index}")
    x = adaptive_average_pool(layers.MaxPooling2D(3, 2, name="pool5")(x), 6)
    x = dropout(layers.Flatten(name="flatten")(x), 0.5, "drop5", seed)
    x = relu(blocks.dense(x, blocks.width(_HIDDEN), "fc6"), "relu6")
    x = dropout(x, 0.5, "drop6", seed)
    x = relu(blocks.dense(x, blocks.width(_HIDDEN), "fc7"), "relu7")
    return blocks.dense(x, num_classes, "logits")


def alexnet_bvlc(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """With LRN and two groups, as BVLC trained it: 60,965,224 parameters for 3 channels, 1000 classes.

    Published weights expect BGR images of 227x227 minus the mean image. Raises UsageError for images under
    39x39.
    """
    require_side(images, 39, "alexnet_bvlc")
    blocks = Blocks(options, seed, BVLC)
    hidden = replace(blocks, default=BVLC_HIDDEN)
    x = relu(blocks.conv(images, _even(blocks, 96), 11, "conv1", strides=4, use_bias=True, pad=False), "relu1")
    x = _norm_pool(x, 1)
    x = _norm_pool(relu(_two_groups(hidden, x, 256, 5, "conv2"), "relu2"), 2)
    x = relu(blocks.conv(x, _even(blocks, 384), 3, "conv3", use_bias=True), "relu3")
    x = relu(_two_groups(hidden, x, 384, 3, "conv4"), "relu4")
    x = relu(_two_groups(hidden, x, 256, 3, "conv5"), "relu5")
    x = layers.Flatten(name="flatten")(_pool(x, "pool5"))
    for index in (6, 7):
        x = relu(hidden.dense(x, blocks.width(_HIDDEN), f"fc{index}"), f"relu{index}")
        x = dropout(x, 0.5, f"drop{index}", seed)
    return blocks.dense(x, num_classes, "logits")


def _even(blocks: Blocks, units: int) -> int:
    """A hidden width that two groups can share."""
    return 2 * blocks.width(units // 2)


def _norm_pool(x: KerasTensor, index: int) -> KerasTensor:
    return _pool(local_response_norm(x, 5, 1e-4, 0.75, 1.0, f"norm{index}"), f"pool{index}")


def _pool(x: KerasTensor, name: str) -> KerasTensor:
    return max_pool(x, (Window(3, 2), Window(3, 2)), name)


def _two_groups(blocks: Blocks, x: KerasTensor, filters: int, size: int, name: str) -> KerasTensor:
    def convolve(part: KerasTensor, index: int) -> KerasTensor:
        return blocks.conv(part, blocks.width(filters // 2), size, f"{name}_group{index + 1}", use_bias=True)

    return grouped(x, 2, convolve, name)
