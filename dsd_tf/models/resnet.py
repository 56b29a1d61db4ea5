"""torchvision's ResNets (He et al., CVPR 2016): projection shortcuts, bottlenecks stride in their 3x3."""

from __future__ import annotations

from collections.abc import Callable

from keras import KerasTensor, layers

from dsd_tf.models.blocks import Blocks, padded_max_pool, relu
from dsd_tf.models.initializers import Scheme, fan_out_normal, torch_uniform
from dsd_tf.models.options import ModelOptions

TORCHVISION = Scheme(conv=fan_out_normal, dense=torch_uniform)
Residual = Callable[[Blocks, KerasTensor, int, int, str], KerasTensor]


def resnet18(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """Basic blocks (2, 2, 2, 2): 11,173,962 parameters for 3 channels, 10 classes and a CIFAR stem."""
    return _resnet(images, num_classes, Blocks(options, seed, TORCHVISION), _basic, (2, 2, 2, 2))


def resnet34(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """Basic blocks (3, 4, 6, 3)."""
    return _resnet(images, num_classes, Blocks(options, seed, TORCHVISION), _basic, (3, 4, 6, 3))


def resnet50(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """Bottleneck blocks (3, 4, 6, 3): 25,557,032 parameters with the ImageNet stem and 1000 classes."""
    return _resnet(images, num_classes, Blocks(options, seed, TORCHVISION), _bottleneck, (3, 4, 6, 3))


def resnet101(images: KerasTensor, num_classes: int, options: ModelOptions, seed: int) -> KerasTensor:
    """Bottleneck blocks (3, 4, 23, 3): 44,549,160 parameters with the ImageNet stem and 1000 classes."""
    return _resnet(images, num_classes, Blocks(options, seed, TORCHVISION), _bottleneck, (3, 4, 23, 3))


def _resnet(
    images: KerasTensor, num_classes: int, blocks: Blocks, residual: Residual, repeats: tuple[int, ...]
) -> KerasTensor:
    x = _stem(blocks, images)
    for stage, count in enumerate(repeats, start=1):
        filters = blocks.width(32 * 2**stage)
        for block in range(1, count + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            x = _add_shortcut(blocks, residual, x, filters, strides, f"stage{stage}_block{block}")
    return blocks.dense(layers.GlobalAveragePooling2D(name="pool")(x), num_classes, "logits")


def _stem(blocks: Blocks, x: KerasTensor) -> KerasTensor:
    size, strides = (7, 2) if blocks.options.stem == "imagenet" else (3, 1)
    x = blocks.conv(x, blocks.width(64), size, "stem_conv", strides)
    x = relu(blocks.batch_norm(x, "stem_bn"), "stem_relu")
    return x if blocks.options.stem == "cifar" else padded_max_pool(x, "stem_pool")


def _add_shortcut(
    blocks: Blocks, residual: Residual, x: KerasTensor, filters: int, strides: int, name: str
) -> KerasTensor:
    y = residual(blocks, x, filters, strides, name)
    if strides > 1 or x.shape[-1] != y.shape[-1]:
        x = blocks.conv(x, y.shape[-1], 1, f"{name}_project", strides)
        x = blocks.batch_norm(x, f"{name}_project_bn")
    return relu(layers.Add(name=f"{name}_add")([y, x]), f"{name}_relu")


def _basic(blocks: Blocks, x: KerasTensor, filters: int, strides: int, name: str) -> KerasTensor:
    x = blocks.batch_norm(blocks.conv(x, filters, 3, f"{name}_conv1", strides), f"{name}_bn1")
    x = blocks.conv(relu(x, f"{name}_relu1"), filters, 3, f"{name}_conv2")
    return blocks.batch_norm(x, f"{name}_bn2")


def _bottleneck(blocks: Blocks, x: KerasTensor, filters: int, strides: int, name: str) -> KerasTensor:
    x = blocks.batch_norm(blocks.conv(x, filters, 1, f"{name}_conv1"), f"{name}_bn1")
    x = blocks.conv(relu(x, f"{name}_relu1"), filters, 3, f"{name}_conv2", strides)
    x = relu(blocks.batch_norm(x, f"{name}_bn2"), f"{name}_relu2")
    return blocks.batch_norm(blocks.conv(x, 4 * filters, 1, f"{name}_conv3"), f"{name}_bn3")
