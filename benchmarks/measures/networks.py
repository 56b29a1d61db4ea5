"""Networks that loops are timed on, alike in Keras, tf_keras and PyTorch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


def lenet300(layers) -> list:
    """LeNet-300-100: 266 200 prunable weights, batches of 128."""
    hidden = [layers.Dense(units, activation="relu") for units in (300, 100)]
    return [layers.Input((784,)), *hidden, layers.Dense(10)]


def cnn(layers) -> list:
    """3x3 convolutions of 32, 32, 64 and 64 filters and a Dense for CIFAR: 106 304 weights, batches of 64."""
    stack = [layers.Input((32, 32, 3))]
    for filters in (32, 64):
        stack += [layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(2)]
        stack.append(layers.MaxPooling2D())
    return [*stack, layers.Flatten(), layers.Dense(10)]


def wide(layers) -> list:
    """Dense layers of 25 M weights in all, batches of 32: memory is that of weights, not of activations."""
    hidden = [layers.Dense(units, activation="relu") for units in (4096, 4096, 1024)]
    return [layers.Input((784,)), *hidden, layers.Dense(10)]


@dataclass(frozen=True)
class Work:
    """A network, and what a turn of training it is.

    `network` makes it with a `keras` module, `torch_network` with `torch`; `per_call` are the steps that one call into
    TensorFlow makes.
    """

    title: str
    network: Callable[[Any], Any]
    torch_network: Callable[[Any], Any]
    shape: tuple[int, int, int]
    epochs: int
    per_call: int
    momentum: float = 0.9
    batch: int = 0
    examples: int = 0

    def of(self, batch: int, examples: int) -> Work:
        return dataclasses.replace(self, batch=batch, examples=examples)

    @property
    def steps(self) -> int:
        """Of all epochs."""
        return self.epochs * -(-self.examples // self.batch)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [N, H, W, C] and int32 [N], random."""
        generator = np.random.default_rng(0)
        images = generator.integers(0, 256, (self.examples, *self.shape), np.uint8)
        return images, generator.integers(0, 10, self.examples, np.int32)


def _lenet300(keras):
    _, *hidden = lenet300(keras.layers)
    return keras.Sequential([keras.layers.Input((28, 28, 1)), keras.layers.Flatten(), *hidden])


def _lenet300_in_torch(torch):
    linear, relu = torch.nn.Linear, torch.nn.ReLU()
    return torch.nn.Sequential(torch.nn.Flatten(), linear(784, 300), relu, linear(300, 100), relu, linear(100, 10))


def _cnn(keras):
    return keras.Sequential(cnn(keras.layers))


def _cnn_in_torch(torch):
    nn, stack = torch.nn, []
    for inputs, filters in ((3, 32), (32, 64)):
        stack += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU()]
        stack += [nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*stack, nn.Flatten(), nn.Linear(64 * 8 * 8, 10))


def _resnet18(width: int):
    def build(keras):
        layers = keras.layers

        def conv_bn(x, filters: int, size: int, strides: int):
            x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(x)
            return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)

        images = keras.Input((32, 32, 3))
        x = layers.ReLU()(conv_bn(images, width, 3, 1))
        for filters, strides in _blocks(width):
            y = conv_bn(layers.ReLU()(conv_bn(x, filters, 3, strides)), filters, 3, 1)
            x = conv_bn(x, filters, 1, strides) if strides > 1 else x
            x = layers.ReLU()(layers.Add()([x, y]))
        return keras.Model(images, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))

    return build


def _resnet18_in_torch(width: int):
    def build(torch):
        nn = torch.nn

        def conv_bn(inputs: int, filters: int, size: int, strides: int):
            return nn.Sequential(
                nn.Conv2d(inputs, filters, size, strides, size // 2, bias=False), nn.BatchNorm2d(filters)
            )

        class Block(nn.Module):
            def __init__(self, inputs: int, filters: int, strides: int):
                super().__init__()
                self.first, self.second = conv_bn(inputs, filters, 3, strides), conv_bn(filters, filters, 3, 1)
                self.shortcut = conv_bn(inputs, filters, 1, strides) if strides > 1 else nn.Identity()

            def forward(self, x):
                return nn.functional.relu(self.shortcut(x) + self.second(nn.functional.relu(self.first(x))))

        stack, inputs = [conv_bn(3, width, 3, 1), nn.ReLU()], width
        for filters, strides in _blocks(width):
            stack.append(Block(inputs, filters, strides))
            inputs = filters
        return nn.Sequential(*stack, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))

    return build


def _blocks(width: int) -> list[tuple[int, int]]:
    """Filters and strides of each."""
    return [(width << stage, 2 if stage and not block else 1) for stage in range(4) for block in range(2)]


NETWORKS = {
    "lenet300": Work("LeNet-300-100", _lenet300, _lenet300_in_torch, (28, 28, 1), epochs=5, per_call=32, momentum=0.0),
    "cnn": Work("4-conv CIFAR net", _cnn, _cnn_in_torch, (32, 32, 3), epochs=2, per_call=8),
    "resnet18": Work("ResNet-18", _resnet18(64), _resnet18_in_torch(64), (32, 32, 3), epochs=1, per_call=1),
    "resnet18_quarter": Work(
        "ResNet-18 of width 16", _resnet18(16), _resnet18_in_torch(16), (32, 32, 3), epochs=1, per_call=1
    ),
}
