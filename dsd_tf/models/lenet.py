"""LeNet-300-100 and LeNet-5 (LeCun et al., 1998) in the forms that pruning papers train."""

from __future__ import annotations

from keras import KerasTensor, layers

from dsd_tf.models.blocks import Blocks, relu, require_side
from dsd_tf.models.initializers import SDD
from dsd_tf.models.options import ModelOptions


def lenet300(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """300 and 100 hidden units on images of any size: 266,610 parameters on 28x28x1, 10 classes."""
    blocks = Blocks(options, seed, SDD)
    x = layers.Flatten(name="flatten")(images)
    for index, units in enumerate((300, 100), start=1):
        x = relu(blocks.dense(x, blocks.width(units), f"hidden{index}"), f"relu{index}")
    return blocks.dense(x, num_classes, "logits")


def lenet5(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """Caffe's widths (20 and 50 filters of 5x5, 500 units), ReLU after each: 431,080 parameters on 28x28x1.

    Raises UsageError for images under 16x16, of which the second pool would leave nothing.
    """
    require_side(images, 16, "lenet5")
    blocks = Blocks(options, seed, SDD)
    x = images
    for index, filters in enumerate((20, 50), start=1):
        x = blocks.conv(x, blocks.width(filters), 5, f"conv{index}", use_bias=True, pad=False)
        x = relu(x, f"relu{index}")
        x = layers.MaxPooling2D(2, name=f"pool{index}")(x)
    x = blocks.dense(layers.Flatten(name="flatten")(x), blocks.width(500), "hidden")
    return blocks.dense(relu(x, "relu3"), num_classes, "logits")
