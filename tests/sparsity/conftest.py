"""Kernel shapes of the networks whose worked numbers are published."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Shapes = dict[str, tuple[int, ...]]


def _conv(inputs: int, outputs: int, size: int = 3) -> tuple[int, ...]:
    return (size, size, inputs, outputs)


def _resnet(blocks: tuple[int, ...], classes: int) -> Shapes:
    shapes = {"conv1": _conv(3, 64)}
    inputs = 64
    for stage, count in enumerate(blocks, start=1):
        outputs = 64 * 2 ** (stage - 1)
        for block in range(count):
            shapes[f"layer{stage}.{block}.conv1"] = _conv(inputs, outputs)
            shapes[f"layer{stage}.{block}.conv2"] = _conv(outputs, outputs)
            if inputs != outputs:
                shapes[f"layer{stage}.{block}.shortcut"] = _conv(inputs, outputs, size=1)
            inputs = outputs
    return shapes | {"classifier": (512, classes)}


def _vgg(widths: list[int], heads: list[int]) -> Shapes:
    shapes = {
        f"conv{index}": _conv(inputs, outputs)
        for index, (inputs, outputs) in enumerate(zip([3, *widths], widths, strict=False), start=1)
    }
    dense = zip([512, *heads], heads, strict=False)
    return shapes | {f"fc{index}": shape for index, shape in enumerate(dense, start=1)}


_VGG16 = [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
_VGG19 = [64] * 2 + [128] * 2 + [256] * 4 + [512] * 8


@pytest.fixture(scope="session")
def shapes_of() -> Callable[[str], Shapes]:
    """Network name -> kernel name -> HWIO shape."""
    networks = {
        "resnet18/10": _resnet((2, 2, 2, 2), 10),
        "resnet18/100": _resnet((2, 2, 2, 2), 100),
        "resnet34/200": _resnet((3, 4, 6, 3), 200),
        "vgg16d/10": _vgg(_VGG16, [512, 512, 10]),
        "vgg16d/100": _vgg(_VGG16, [512, 512, 100]),
        "vgg19/100": _vgg(_VGG19, [100]),
        "lenet300": {"fc1": (784, 300), "fc2": (300, 100), "fc3": (100, 10)},
        "toy": {"conv1": (3, 3, 3, 8), "conv2": (3, 3, 8, 16), "fc1": (64, 32), "fc2": (32, 10)},
    }
    return networks.__getitem__
