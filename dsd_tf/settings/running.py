"""What a run computes on and in, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass

from dsd_tf import registry
from dsd_tf.settings.field import AT_LEAST_1, NOT_NEGATIVE, Bounds, setting


@dataclass(frozen=True)
class RunningSettings:
    """What a run computes on and in, and what it leaves."""

    precision: str = setting(
        "float32",
        "what training steps compute in; variables, masks, evaluation and the exported network are float32",
        choices=registry.PRECISIONS,
    )
    evaluate_every: int = setting(
        1, "epochs between evaluations on validation and test data; last epochs always are", bounds=AT_LEAST_1
    )
    strategy: str = setting(
        "one_device",
        "devices; mirrored = all GPUs, multi_worker = those of all processes in TF_CONFIG, auto = the last there is",
        choices=("auto", "one_device", "mirrored", "multi_worker"),
    )
    replicas: int = setting(2, "mirrored without GPUs: number of logical CPU devices", bounds=AT_LEAST_1)
    batch_norm: str = setting(
        "synchronised",
        "several replicas: batch norm of the whole batch, as on one device, or of each replica's part of it",
        choices=("synchronised", "replica"),
    )
    worker_timeout: float = setting(
        300.0,
        "multi_worker: seconds to wait for a worker to come, and to be heard of again",
        identity=False,
        bounds=Bounds("be above 0 and at most a week", lambda value: 0 < value <= 7 * 86_400),
    )
    seed: int = setting(0, "base seed; every role (split, init, shuffle ...) has its own stream", bounds=NOT_NEGATIVE)
    steps_per_execution: int = setting(
        0, "training steps per call into TensorFlow; 0 = chosen", identity=False, bounds=NOT_NEGATIVE
    )
    checkpoint_seconds: float = setting(10.0, "least time between checkpoints", identity=False, bounds=NOT_NEGATIVE)
    export: str = setting(
        "", "comma-separated formats to export at the end (savedmodel, keras, litert)", identity=False, listed=True
    )
