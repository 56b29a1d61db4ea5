"""Every value a run is made of. The command line's flags, `config.json` and the resume check come from this list."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from dsd_tf import registry
from dsd_tf.data.label_noise.noise import LabelNoise
from dsd_tf.errors import UsageError, unknown
from dsd_tf.sparsity.scores import SCORES
from dsd_tf.sparsity.times import Time


def _setting(default: Any, text: str, *, choices: tuple[str, ...] = (), identity: bool = True) -> Any:
    """A field with its help text; `identity=False` if a run may be continued with another value."""
    return dataclasses.field(default=default, metadata={"help": text, "choices": choices, "identity": identity})


@dataclass(frozen=True)
class Settings:
    """The settings of one training run, with the defaults of `bin/train`."""

    dataset: str = _setting("digits", "digits, image_folder, or a TFDS name (mnist, cifar10, cifar100 ...)")
    data_dir: str = _setting("", "where the data set is; TFDS' own place if empty", identity=False)
    train_examples: int = _setting(0, "train on this many examples, drawn by the seed; 0 = all")
    validation_fraction: float = _setting(0.1, "share of the training examples held out for validation")
    image_size: int = _setting(0, "side to resize images to where a set's images vary; 0 = the set's default")
    augmentation: str = _setting("auto", "auto = the papers' for the set", choices=("auto", *registry.AUGMENTATIONS))

    label_noise: float = _setting(0.0, "share of training labels to corrupt, after the subset is drawn")
    label_noise_kind: str = _setting("flip_other", "how labels are corrupted", choices=tuple(registry.LABEL_NOISE))
    label_noise_file: str = _setting("", f".npz or .pt of CIFAR-N, for {' '.join(registry.HUMAN_LABEL_NOISE)}")

    model: str = _setting("lenet300", "network", choices=tuple(registry.MODELS))
    width: float = _setting(1.0, "multiplier of every hidden width")
    depth: int = _setting(5, "vgg_like: number of blocks (delta)")
    width_log2: int = _setting(5, "vgg_like: log2 of the first block's width (gamma)")
    stem: str = _setting("cifar", "resnets: 3x3 stem, with its max-pool, or 7x7", choices=registry.STEMS)
    initializer: str = _setting("default", "default = each paper's; sdd = fan-in normal", choices=("default", "sdd"))
    init_from: str = _setting("", ".keras file to start from, by names and shapes of layers; fresh weights if empty")
    normalization: str = _setting(
        "auto", "auto = the set's mean and deviation; caffe = [0, 255] minus Caffe's means", choices=("auto", "caffe")
    )
    num_classes: int = _setting(0, "outputs of the network; 0 = the data set's")

    method: str = _setting("dense", "what is done about sparsity", choices=tuple(registry.METHODS))
    sparsity: float = _setting(0.9, "share of prunable weights removed in the end; iterative: see --rounds")
    score: str = _setting("magnitude", "which weights matter", choices=tuple(SCORES))
    allocation: str = _setting("global", "how much per layer: global uniform erk er igq, or a table's path")
    granularity: str = _setting("weight", "weight, N:M as in 2:4, block:HxW or filter")
    exclude: str = _setting("", "comma-separated name patterns of kernels to leave dense, as in '*project*'")
    protect_first: bool = _setting(False, "leave the first prunable layer dense")
    protect_last: bool = _setting(False, "leave the last prunable layer dense")

    schedule: str = _setting("polynomial", "gradual: how sparsity rises", choices=tuple(registry.SCHEDULES))
    begin: str = _setting("0", "gradual: when pruning starts (10ep, 500it, 40%)")
    end: str = _setting("75%", "gradual: when the sparsity is reached")
    frequency: str = _setting("1%", "gradual: time between mask updates")

    rounds: int = _setting(0, "iterative: levels after the dense one; 0 = as many as --sparsity takes")
    prune_fraction: float = _setting(0.2, "iterative: share of the remaining weights removed per level")
    retrain: str = _setting("rewind", "what retraining starts from", choices=tuple(registry.RETRAIN_POLICIES))
    rewind_to: str = _setting("0", "rewind, redense: the time whose weights retraining starts from")
    finetune_lr: float = _setting(0.001, "finetune: its constant learning rate")
    masks_from: str = _setting("", "reinit: run directory whose masks are used")

    stop_rule: str = _setting(
        "none", "when to end the ladder, by validation accuracy and entropy", choices=tuple(registry.STOP_RULES)
    )
    stop_tolerance: float = _setting(1.0, "accuracy: points below the dense network at which to stop")
    stop_entropy_drop: float = _setting(0.1, "entropy: share of the dense network's entropy to lose before it may stop")
    stop_patience: int = _setting(2, "entropy: levels without a better accuracy after which to stop")

    cycles: int = _setting(1, "dsd: number of sparse-dense repetitions after the first dense phase")
    start_phase: str = _setting(
        "dense",
        "dsd: the first phase to train; what comes before it is --init_from",
        choices=("dense", "sparse", "redense"),
    )
    sparse_epochs: float = _setting(0.0, "dsd: epochs of a sparse phase, also 1.25; 0 = --epochs")
    redense_epochs: float = _setting(0.0, "dsd: epochs of a re-dense phase; 0 = --epochs")
    sparse_lr_factor: float = _setting(1.0, "dsd: learning rate of a sparse phase, relative to --lr")
    redense_lr_factor: float = _setting(0.1, "dsd: learning rate of a re-dense phase, relative to --lr")

    objective: str = _setting("cross_entropy", "what is minimised", choices=tuple(registry.OBJECTIVES))
    teacher: str = _setting("", "distill: run directory or .keras file of the teacher")
    teacher_phase: str = _setting(
        "best", "distill: phase of the teacher's run; best = by validation accuracy, last, or a name as level07"
    )
    kd_alpha: float = _setting(0.8, "distill: weight of the teacher's part of the loss, in [0, 1]")
    kd_temperature: float = _setting(10.0, "distill: temperature of both softmaxes")

    epochs: int = _setting(20, "epochs of training (of each level or phase)")
    batch_size: int = _setting(128, "examples per step, over all replicas")
    optimizer: str = _setting("sgd", "update rule", choices=tuple(registry.OPTIMIZERS))
    lr: float = _setting(0.1, "base learning rate")
    lr_schedule: str = _setting("constant", "how it falls", choices=("constant", "step", "cosine"))
    milestones: str = _setting("50%,75%", "step: comma-separated times of the drops")
    lr_decay: float = _setting(0.1, "step: factor at every milestone")
    momentum: float = _setting(0.9, "sgd: momentum, in PyTorch's form")
    nesterov: bool = _setting(False, "sgd: Nesterov momentum")
    weight_decay: float = _setting(0.0, "L2 added to the gradient of every trainable weight, as in the papers")
    decoupled_weight_decay: bool = _setting(False, "shrink weights outside the gradient instead (AdamW)")

    evaluate_every: int = _setting(1, "epochs between evaluations on validation and test data; last epochs always are")
    strategy: str = _setting("one_device", "devices", choices=("one_device", "mirrored"))
    replicas: int = _setting(2, "mirrored without GPUs: number of logical CPU devices")
    seed: int = _setting(0, "base seed; every role (split, init, shuffle ...) has its own stream")
    steps_per_execution: int = _setting(0, "training steps per call into TensorFlow; 0 = chosen", identity=False)
    checkpoint_seconds: float = _setting(10.0, "least time between checkpoints", identity=False)
    export: str = _setting(
        "", "comma-separated formats to export at the end (savedmodel, keras, litert)", identity=False
    )

    def __post_init__(self):
        for field in dataclasses.fields(self):
            choices = field.metadata["choices"]
            if choices and getattr(self, field.name) not in choices:
                raise unknown(f"--{field.name}", getattr(self, field.name), choices)
        self._check_ranges()
        _ = self.noise  # made to be checked
        for name in ("begin", "end", "frequency", "rewind_to"):
            _parse_time(name, getattr(self, name))
        for milestone in split(self.milestones):
            if _parse_time("milestones", milestone).unit == "it":
                raise UsageError(
                    f"--milestones: rates change between epochs, {milestone!r} counts steps; give 80ep or 50%"
                )

    def _check_ranges(self) -> None:
        if not 0 <= self.sparsity < 1:
            raise UsageError(f"--sparsity must be in [0, 1), got {self.sparsity}")
        if not 0 < self.prune_fraction < 1:
            raise UsageError(f"--prune_fraction must be in (0, 1), got {self.prune_fraction}")
        if not 0 <= self.validation_fraction < 1:
            raise UsageError(f"--validation_fraction must be in [0, 1), got {self.validation_fraction}")
        if not 0 <= self.momentum < 1:
            raise UsageError(f"--momentum must be in [0, 1), got {self.momentum}")
        if not 0 <= self.kd_alpha <= 1:
            raise UsageError(f"--kd_alpha must be in [0, 1], got {self.kd_alpha}")
        if not 0 < self.stop_entropy_drop < 1:
            raise UsageError(f"--stop_entropy_drop must be in (0, 1), got {self.stop_entropy_drop}")
        for name in ("epochs", "batch_size", "cycles", "replicas", "evaluate_every", "stop_patience"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name} must be at least 1, got {getattr(self, name)}")
        for name in ("lr", "finetune_lr", "width", "kd_temperature", "lr_decay",
                     "sparse_lr_factor", "redense_lr_factor"):  # fmt: skip
            if not getattr(self, name) > 0:
                raise UsageError(f"--{name} must be above 0, got {getattr(self, name)}")
        for name in ("train_examples", "rounds", "weight_decay", "seed", "num_classes", "image_size",
                     "sparse_epochs", "redense_epochs", "stop_tolerance", "steps_per_execution",
                     "checkpoint_seconds"):  # fmt: skip
            if not getattr(self, name) >= 0:
                raise UsageError(f"--{name} must not be negative, got {getattr(self, name)}")

    @property
    def noise(self) -> LabelNoise | None:
        """What is done to the training labels, None for nothing."""
        noise = LabelNoise(self.label_noise_kind, self.label_noise, self.label_noise_file, self.seed)
        return None if noise.is_none else noise

    def without_noise(self) -> Settings:
        """The same settings with clean training labels."""
        return dataclasses.replace(self, label_noise=0.0, label_noise_kind="flip_other", label_noise_file="")

    def identity(self) -> dict[str, Any]:
        """The values results depend on."""
        return {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.metadata["identity"]
        }


def _parse_time(name: str, text: str) -> Time:
    try:
        return Time.parse(text)
    except UsageError as error:
        raise UsageError(f"--{name}: {error}") from None


def split(text: str) -> list[str]:
    """The parts of a comma-separated value; empty parts are dropped."""
    return [part.strip() for part in text.split(",") if part.strip()]
