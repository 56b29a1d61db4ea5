"""What is trained."""

from __future__ import annotations

from dataclasses import dataclass

from dsd_tf import registry
from dsd_tf.settings.field import ABOVE_0, NOT_NEGATIVE, setting


@dataclass(frozen=True)
class NetworkSettings:
    """What is trained."""

    model: str = setting("lenet300", "network", choices=tuple(registry.MODELS))
    width: float = setting(1.0, "multiplier of every hidden width", bounds=ABOVE_0)
    depth: int = setting(5, "vgg_like: number of blocks (delta)")
    width_log2: int = setting(5, "vgg_like: log2 of the first block's width (gamma)")
    stem: str = setting("cifar", "resnets: 3x3 stem, with its max-pool, or 7x7", choices=registry.STEMS)
    initializer: str = setting("default", "default = each paper's; sdd = fan-in normal", choices=("default", "sdd"))
    init_from: str = setting("", ".keras file to start from, by names and shapes of layers; fresh weights if empty")
    normalization: str = setting(
        "auto",
        "auto = the set's mean and deviation; cifar = CIFAR-10's own; caffe = [0, 255] minus Caffe's means",
        choices=("auto", "cifar", "caffe"),
    )
    num_classes: int = setting(0, "outputs of the network; 0 = the data set's", bounds=NOT_NEGATIVE)
