"""Stacks of 3x3 convolutions (Simonyan & Zisserman, ICLR 2015) in the forms that sparsity papers train."""

from __future__ import annotations

from keras import KerasTensor, layers

from dsd_tf.models.blocks import Blocks, relu, require_side
from dsd_tf.models.dropout import dropout
from dsd_tf.models.initializers import SDD, Scheme, fan_out_normal, narrow_normal, torch_uniform, zero_bias
from dsd_tf.models.options import ModelOptions

TORCH = Scheme(conv=torch_uniform, dense=torch_uniform)
TORCHVISION = Scheme(conv=fan_out_normal, dense=narrow_normal, bias=zero_bias)
PLAIN = Scheme(conv=narrow_normal, dense=narrow_normal, bias=zero_bias)
CLASSIFIER_SIDE = 7


def vgg_like(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """DSD2's VGG-like(depth, width_log2) (AAAI 2024): 4,967,082 parameters at (5, 5) on 32x32x3, 10 classes.

    Each block is two convolutions with bias, ReLU *before* batch norm, and a max-pool; widths double from
    2**width_log2. The classifier reads a 7x7 map whatever the image size. Raises UsageError for images under
    2**depth pixels.
    """
    require_side(images, 2**options.depth, f"vgg_like of depth {options.depth}")
    blocks = Blocks(options, seed, TORCH)
    x = images
    for block in range(1, options.depth + 1):
        filters = blocks.width(2 ** (options.width_log2 + block - 1))
        for layer in (1, 2):
            x = blocks.conv(x, filters, 3, f"block{block}_conv{layer}", use_bias=True)
            x = blocks.batch_norm(relu(x, f"block{block}_relu{layer}"), f"block{block}_bn{layer}")
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    x = layers.Flatten(name="flatten")(adaptive_average_pool(x, CLASSIFIER_SIDE))
    return blocks.dense(x, num_classes, "logits")


def vgg16(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """OpenLTH's VGG-16: 13 convolutions with bias, one dense layer; 14,728,266 parameters for 10 classes."""
    require_side(images, 16, "vgg16")
    return _vgg(images, num_classes, Blocks(options, seed, SDD), (2, 2, 3, 3, 3), use_bias=True)


def vgg19(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """16 convolutions without bias, one dense layer; 20,081,188 parameters for 100 classes."""
    require_side(images, 16, "vgg19")
    return _vgg(images, num_classes, Blocks(options, seed, TORCHVISION), (2, 2, 4, 4, 4), use_bias=False)


def vgg16_imagenet(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """The paper's configuration D, with its Caffe file's layer names: 138,357,544 parameters at 224x224x3.

    Published weights expect BGR images minus (103.939, 116.779, 123.68). Raises UsageError for images under
    32x32.
    """
    require_side(images, 32, "vgg16_imagenet")
    blocks = Blocks(options, seed, PLAIN)
    x = images
    for stage, count in enumerate((2, 2, 3, 3, 3), start=1):
        filters = blocks.width(min(32 * 2**stage, 512))
        for layer in range(1, count + 1):
            name = f"{stage}_{layer}"
            x = relu(blocks.conv(x, filters, 3, f"conv{name}", use_bias=True), f"relu{name}")
        x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    x = layers.Flatten(name="flatten")(x)
    for index in (6, 7):
        x = relu(blocks.dense(x, blocks.width(4096), f"fc{index}"), f"relu{index}")
        x = dropout(x, 0.5, f"drop{index}", seed)
    return blocks.dense(x, num_classes, "logits")


def adaptive_average_pool(x: KerasTensor, side: int) -> KerasTensor:
    """Means over the windows [floor(i n / side), ceil((i + 1) n / side)) of each axis, n its length.

    This is PyTorch's rule; where n < side, windows overlap and values repeat.
    """
    repeats = tuple(side if length == 1 else 1 for length in x.shape[1:3])
    if repeats != (1, 1):
        # Keras' adaptive layer cannot be traced for an axis of length one: it pools with a window of two.
        x = layers.UpSampling2D(repeats, name="adaptive_repeat")(x)
    if x.shape[1:3] == (side, side):
        return x
    return layers.AdaptiveAveragePooling2D(side, name="adaptive_pool")(x)


def _vgg(
    images: KerasTensor, num_classes: int, blocks: Blocks, repeats: tuple[int, ...], use_bias: bool
) -> KerasTensor:
    x = images
    for stage, count in enumerate(repeats, start=1):
        filters = blocks.width(min(32 * 2**stage, 512))
        for layer in range(1, count + 1):
            x = blocks.conv(x, filters, 3, f"stage{stage}_conv{layer}", use_bias=use_bias)
            x = relu(blocks.batch_norm(x, f"stage{stage}_bn{layer}"), f"stage{stage}_relu{layer}")
        if stage < len(repeats):
            x = layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
    return blocks.dense(layers.GlobalAveragePooling2D(name="pool")(x), num_classes, "logits")
