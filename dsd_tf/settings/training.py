"""How the network is trained."""

from __future__ import annotations

from dataclasses import dataclass

from dsd_tf import registry
from dsd_tf.settings.field import ABOVE_0, AT_LEAST_1, BELOW_1, NOT_NEGATIVE, setting


@dataclass(frozen=True)
class TrainingSettings:
    """How the network is trained."""

    epochs: int = setting(20, "epochs of training (of each level or phase)", bounds=AT_LEAST_1)
    batch_size: int = setting(128, "examples per step, over all replicas", bounds=AT_LEAST_1)
    optimizer: str = setting("sgd", "update rule", choices=tuple(registry.OPTIMIZERS))
    lr: float = setting(0.1, "base learning rate", bounds=ABOVE_0)
    lr_schedule: str = setting("constant", "how it falls", choices=("constant", "step", "cosine"))
    milestones: str = setting("50%,75%", "step: comma-separated times of the drops", listed=True)
    lr_decay: float = setting(0.1, "step: factor at every milestone", bounds=ABOVE_0)
    momentum: float = setting(0.9, "sgd: momentum, in PyTorch's form", bounds=BELOW_1)
    nesterov: bool = setting(False, "sgd: Nesterov momentum")
    weight_decay: float = setting(
        0.0, "L2 added to the gradient of every trainable weight, as in the papers", bounds=NOT_NEGATIVE
    )
    decoupled_weight_decay: bool = setting(False, "shrink weights outside the gradient instead (AdamW)")
