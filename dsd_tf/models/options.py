"""What a user may choose about an architecture, and which choices make no sense."""

from __future__ import annotations

from dataclasses import dataclass

from dsd_tf.errors import UsageError, unknown
from dsd_tf.registry import STEMS

INITIALIZERS = ("default", "sdd")


@dataclass(frozen=True)
class ModelOptions:
    """Choices that every family shares, and the few that belong to one (the others ignore them).

    width: multiplier of every hidden width; the product is rounded and at least 1.
    depth, width_log2: number of blocks of `vgg_like`, and log2 of the width of its first block.
    stem: of the ResNets. "cifar" is 3x3/1; "cifar_pool" adds a 3x3/2 max-pool (DSD2, AAAI 2024);
        "imagenet" is 7x7/2 and that pool.
    mean, std: per channel, for inputs in [0, 1]; empty means that the network does not normalise.
    initializer: "default" is the architecture's own; "sdd" draws kernels from the fan-in normal distribution
        and batch-norm scales from U(0, 1) (sparse double descent, ICML 2022).
    synchronized: batch norm averages its statistics over all replicas.
    """

    width: float = 1.0
    depth: int = 5
    width_log2: int = 5
    stem: str = "cifar"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    initializer: str = "default"
    synchronized: bool = False


def check_options(options: ModelOptions) -> None:
    """Raises UsageError for a value outside its range."""
    if not 0 < options.width < float("inf"):
        raise UsageError(f"model width {options.width} must be a positive multiplier, e.g. 0.25")
    if options.depth < 1:
        raise UsageError(f"model depth {options.depth} must be at least 1 block")
    if options.width_log2 < 0:
        raise UsageError(f"model width_log2 {options.width_log2} must be at least 0 (2**5 = 32 channels in block 1)")
    if options.stem not in STEMS:
        raise unknown("stem", options.stem, STEMS)
    if options.initializer not in INITIALIZERS:
        raise unknown("initializer", options.initializer, INITIALIZERS)


def check_task(input_shape: tuple[int, int, int], num_classes: int, options: ModelOptions) -> None:
    """Raises UsageError unless images, classes and normalisation constants fit together."""
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise UsageError(f"input shape {tuple(input_shape)} must be (height, width, channels), each at least 1")
    if num_classes < 2:
        raise UsageError(f"a classifier needs at least 2 classes, got {num_classes}")
    channels = input_shape[-1]
    if (options.mean or options.std) and not len(options.mean) == len(options.std) == channels:
        raise UsageError(
            f"normalisation needs one mean and one std for each of {channels} channels, "
            f"got {len(options.mean)} and {len(options.std)}"
        )
    if any(std <= 0 for std in options.std):
        raise UsageError(f"normalisation std {options.std} must be positive in every channel")
