"""SqueezeNet (Iandola et al., arXiv 1602.07360) as its authors' Caffe files define it, and name its layers.

Logits are means over the map of conv10's ReLU, hence never negative. Published weights expect BGR images of
227x227 from which (104, 117, 123) was subtracted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from keras import KerasTensor, initializers, layers

from dsd_tf.models.blocks import Blocks, relu, require_side
from dsd_tf.models.caffe_ops import Window, max_pool
from dsd_tf.models.dropout import dropout
from dsd_tf.models.initializers import Scheme, narrow_normal, zero_bias
from dsd_tf.models.options import ModelOptions

# Filters of the squeeze convolution and of each of the two that expand.
_FIRES = {
    2: (16, 64),
    3: (16, 64),
    4: (32, 128),
    5: (32, 128),
    6: (48, 192),
    7: (48, 192),
    8: (64, 256),
    9: (64, 256),
}


def xavier(seed: int) -> initializers.Initializer:
    """Caffe's "xavier" filler: U(-limit, limit), limit = sqrt(3 / fan_in)."""
    return initializers.VarianceScaling(1.0, "fan_in", "uniform", seed)


BODY = Scheme(conv=xavier, dense=xavier, bias=zero_bias)
HEAD = Scheme(conv=narrow_normal, dense=narrow_normal, bias=zero_bias)


def squeezenet_v1_0(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """1,248,424 parameters for 3 channels and 1000 classes. Raises UsageError for images under 21x21."""
    require_side(images, 21, "squeezenet_v1_0")
    return _version_1_0(images, num_classes, Blocks(options, seed, BODY), residual=False)


def squeezenet_residual(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """Version 1.0 with the input of fire modules 3, 5, 7 and 9 added to their output."""
    require_side(images, 21, "squeezenet_residual")
    return _version_1_0(images, num_classes, Blocks(options, seed, BODY), residual=True)


def squeezenet_v1_1(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """1,235,496 parameters for 3 channels and 1000 classes. Raises UsageError for images under 17x17."""
    require_side(images, 17, "squeezenet_v1_1")
    blocks = Blocks(options, seed, BODY)
    x = _pool(_first(blocks, images, 64, 3), "pool1")
    return _classified(blocks, _fires(blocks, x, pooled=(3, 5), residual=False), num_classes)


def _version_1_0(images: KerasTensor, num_classes: int, blocks: Blocks, residual: bool) -> KerasTensor:
    x = _pool(_first(blocks, images, 96, 7), "pool1")
    x = _fires(blocks, x, pooled=(4, 8), residual=residual)
    # The published network pads conv10's 1x1 kernel: a quarter of every logit is the ReLU of a bias.
    return _classified(blocks, layers.ZeroPadding2D(1, name="conv10_pad")(x), num_classes)


def _first(blocks: Blocks, images: KerasTensor, filters: int, size: int) -> KerasTensor:
    x = blocks.conv(images, blocks.width(filters), size, "conv1", strides=2, use_bias=True, pad=False)
    return relu(x, "relu_conv1")


def _fires(blocks: Blocks, x: KerasTensor, pooled: Collection[int], residual: bool) -> KerasTensor:
    """Fire modules 2 to 9, a pool behind those in `pooled`, dropout behind the last."""
    for number, (squeeze, expand) in _FIRES.items():
        y = _fire(blocks, x, squeeze, expand, f"fire{number}")
        x = layers.Add(name=f"fire{number}_bypass")([x, y]) if residual and number % 2 else y
        if number in pooled:
            x = _pool(x, f"pool{number}")
    return dropout(x, 0.5, "drop9", blocks.seed)


def _fire(blocks: Blocks, x: KerasTensor, squeeze: int, expand: int, name: str) -> KerasTensor:
    squeezed = _conv_relu(blocks, x, squeeze, 1, name, "squeeze1x1")
    sides = [_conv_relu(blocks, squeezed, expand, size, name, f"expand{size}x{size}") for size in (1, 3)]
    return layers.Concatenate(name=f"{name}_concat")(sides)


def _conv_relu(blocks: Blocks, x: KerasTensor, filters: int, size: int, module: str, role: str) -> KerasTensor:
    x = blocks.conv(x, blocks.width(filters), size, f"{module}_{role}", use_bias=True)
    return relu(x, f"{module}_relu_{role}")


def _pool(x: KerasTensor, name: str) -> KerasTensor:
    return max_pool(x, (Window(3, 2), Window(3, 2)), name)


def _classified(blocks: Blocks, x: KerasTensor, num_classes: int) -> KerasTensor:
    x = replace(blocks, default=HEAD).conv(x, num_classes, 1, "conv10", use_bias=True)
    return layers.GlobalAveragePooling2D(name="logits")(relu(x, "relu_conv10"))
