"""Every value a run is made of. The command line's flags, `config.json` and the resume check come from this list."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from dsd_tf import registry
from dsd_tf.data.difficulty import Subset
from dsd_tf.data.label_noise.noise import LabelNoise
from dsd_tf.errors import UsageError, unknown
from dsd_tf.robustness.corruptions.corruption import Corruption
from dsd_tf.robustness.threat import NORMS, Threat, parse_number
from dsd_tf.sparsity.drop_and_grow import DROPS
from dsd_tf.sparsity.scores import SCORES
from dsd_tf.sparsity.times import Time
from dsd_tf.sparsity.topology import DROP_SCHEDULES


def _setting(
    default: Any, text: str, *, choices: tuple[str, ...] = (), identity: bool = True, listed: bool = False
) -> Any:
    """A field with its help text; `identity=False` if a run may be continued with another value, `listed` if a value
    is a comma-separated list.
    """
    metadata = {"help": text, "choices": choices, "identity": identity, "listed": listed}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """The settings of one training run, with the defaults of `bin/train`."""

    dataset: str = _setting("digits", "digits, image_folder, or a TFDS name (mnist, cifar10, cifar100 ...)")
    data_dir: str = _setting("", "where the data set is; TFDS' own place if empty", identity=False)
    train_examples: int = _setting(0, "train on this many examples, drawn by the seed; 0 = all")
    train_fraction: float = _setting(1.0, "or on this share of them (p_data), drawn by the seed, rounded down")
    train_subset: str = _setting("", "or on the --hardest or --easiest of them, by the scores of this .npz file")
    hardest: float = _setting(0.0, "train_subset: share of the training examples, the hardest of them")
    easiest: float = _setting(0.0, "train_subset: share of the training examples, the easiest of them")
    stratified: bool = _setting(False, "train_subset: the same share of every class, not of all examples")
    data_seed: int = _setting(-1, "seed of the split, of the training examples and of corruptions; -1 = --seed")
    corruption: str = _setting("", f"KIND:SEVERITY of all images, severity 1 to 5; {' '.join(registry.CORRUPTIONS)}")
    cache_dir: str = _setting("", "where corrupted images are kept; ~/.cache/dsd_tf if empty", identity=False)
    validation_fraction: float = _setting(0.1, "share of the training examples held out for validation")
    image_size: int = _setting(0, "side to resize images to where a set's images vary; 0 = the set's default")
    swap_splits: bool = _setting(False, "train on the set's test split and test on its training split")
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
        "auto",
        "auto = the set's mean and deviation; cifar = CIFAR-10's own; caffe = [0, 255] minus Caffe's means",
        choices=("auto", "cifar", "caffe"),
    )
    num_classes: int = _setting(0, "outputs of the network; 0 = the data set's")

    method: str = _setting("dense", "what is done about sparsity", choices=tuple(registry.METHODS))
    sparsity: float = _setting(0.9, "share of prunable weights removed in the end; iterative: see --rounds")
    score: str = _setting("magnitude", "which weights matter", choices=tuple(SCORES))
    allocation: str = _setting(
        "auto",
        "how much per layer: global uniform erk er igq, or a table's path; auto = erk for static set rigl snfs omp_erk "
        "pre_erk, igq for flying_bird, else global",
    )
    granularity: str = _setting("weight", "weight, N:M as in 2:4, block:HxW or filter")
    exclude: str = _setting(
        "", "comma-separated name patterns of kernels to leave dense, as in '*project*'", listed=True
    )
    protect_first: bool = _setting(False, "leave the first prunable layer dense")
    protect_last: bool = _setting(False, "leave the last prunable layer dense")

    schedule: str = _setting("polynomial", "gradual: how sparsity rises", choices=tuple(registry.SCHEDULES))
    begin: str = _setting("0", "gradual: when pruning starts (10ep, 500it, 40%)")
    end: str = _setting("75%", "gradual: when the sparsity is reached")
    frequency: str = _setting("1%", "gradual: time between mask updates")

    update_every: str = _setting("2%", "set, rigl, snfs: time between updates of the masks (100it, 4ep)")
    drop_fraction: float = _setting(0.3, "set, rigl, snfs: share of a layer's weights that the first update may drop")
    drop_schedule: str = _setting("cosine", "set, rigl, snfs: how that share falls", choices=DROP_SCHEDULES)
    drop_end: str = _setting("75%", "set, rigl, snfs: when it has fallen to --drop_final, and updates end")
    drop_final: float = _setting(0.0, "set, rigl, snfs: the share at --drop_end")
    drop_criterion: str = _setting("magnitude", "set, rigl, snfs: which are smallest", choices=tuple(DROPS))

    resample: bool = _setting(False, "snip, grasp, synflow: keep numbers per layer, draw the places at random")
    score_per_class: int = _setting(25, "snip, grasp: training examples of each class that weights are scored on")
    score_rounds: int = _setting(100, "synflow: rounds of scoring and pruning")

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
    stop_entropy_drop: float = _setting(0.2, "entropy: share of the dense network's entropy to lose before it may stop")
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
    attack_norm: str = _setting("linf", "adversarial: norm of the perturbations", choices=NORMS)
    attack_epsilon: str = _setting(
        "", "adversarial: their largest norm, in pixels of [0, 1]; if empty 8/255 (linf) or 128/255 (l2)"
    )
    attack_steps: int = _setting(10, "adversarial: steps of the attack trained against; 1 = FGSM")
    attack_step_size: str = _setting("", "adversarial: their size; if empty 1/4 (linf) or 15/128 (l2) of epsilon")
    attack_random_start: bool = _setting(True, "adversarial: begin at a random point instead of at the image")
    attack_bn: str = _setting(
        "eval",
        "adversarial: batch norm inside the attack; eval = moving averages, batch = the batch's statistics, "
        "train = these, and moving averages follow (as the papers' code does)",
        choices=("eval", "batch", "train"),
    )
    robust_attack: str = _setting(
        "auto",
        "attack that robust accuracy is measured by; auto = pgd20 with --objective=adversarial, else none",
        choices=("auto", "none", *registry.ATTACKS),
    )
    robust_every: int = _setting(0, "epochs between measurements of robust accuracy; 0 = when a phase ends")
    robust_examples: int = _setting(
        0, "on how many examples of each split; 0 = all, of the training examples as many as there are to test"
    )
    record_learning: bool = _setting(False, "keep which training examples are right after each epoch (forgetting)")

    epochs: int = _setting(20, "epochs of training (of each level or phase)")
    batch_size: int = _setting(128, "examples per step, over all replicas")
    optimizer: str = _setting("sgd", "update rule", choices=tuple(registry.OPTIMIZERS))
    lr: float = _setting(0.1, "base learning rate")
    lr_schedule: str = _setting("constant", "how it falls", choices=("constant", "step", "cosine"))
    milestones: str = _setting("50%,75%", "step: comma-separated times of the drops", listed=True)
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
        "", "comma-separated formats to export at the end (savedmodel, keras, litert)", identity=False, listed=True
    )

    def __post_init__(self):
        if self.allocation == "auto":
            object.__setattr__(self, "allocation", registry.ALLOCATION_OF_METHOD.get(self.method, "global"))
        for field in dataclasses.fields(self):
            choices = field.metadata["choices"]
            if choices and getattr(self, field.name) not in choices:
                raise unknown(f"--{field.name}", getattr(self, field.name), choices)
        for name in split(self.export):
            if name not in registry.EXPORT_FORMATS:
                raise unknown("--export", name, registry.EXPORT_FORMATS)
        self._check_ranges()
        _ = self.noise, self.subset, self.threat, self.attack_step, self.corrupted_by  # made to be checked
        for name in ("begin", "end", "frequency", "rewind_to", "update_every", "drop_end"):
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
        for name in ("drop_fraction", "drop_final"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"--{name} must be in [0, 1], got {getattr(self, name)}")
        for name in ("attack_steps", "epochs", "batch_size", "cycles", "replicas", "evaluate_every", "stop_patience",
                     "score_per_class", "score_rounds"):  # fmt: skip
            if getattr(self, name) < 1:
                raise UsageError(f"--{name} must be at least 1, got {getattr(self, name)}")
        for name in ("lr", "finetune_lr", "width", "kd_temperature", "lr_decay",
                     "sparse_lr_factor", "redense_lr_factor"):  # fmt: skip
            if not getattr(self, name) > 0:
                raise UsageError(f"--{name} must be above 0, got {getattr(self, name)}")
        for name in ("train_examples", "robust_every", "robust_examples",
                     "rounds", "weight_decay", "seed", "num_classes", "image_size",
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

    def without_subset(self) -> Settings:
        """The same settings for all training examples."""
        everything = {"train_examples": 0, "train_fraction": 1.0, "train_subset": ""}
        return dataclasses.replace(self, **everything, hardest=0.0, easiest=0.0, stratified=False)

    @property
    def subset(self) -> Subset | None:
        """Which training examples are picked by difficulty, None for no such choice."""
        if not self.train_subset:
            if self.hardest or self.easiest or self.stratified:
                raise UsageError("--hardest, --easiest and --stratified go with --train_subset=FILE of bin/difficulty")
            return None
        if self.train_examples or self.train_fraction != 1:
            raise UsageError("--train_subset already says how many: leave --train_examples and --train_fraction out")
        return Subset(self.train_subset, self.hardest, self.easiest, self.stratified)

    @property
    def threat(self) -> Threat:
        """What adversaries may do to an image."""
        return Threat.parse(self.attack_norm, self.attack_epsilon)

    @property
    def attack_step(self) -> float:
        """Step size of the attack trained against."""
        if not self.attack_step_size:
            return self.threat.step
        step = parse_number("--attack_step_size", self.attack_step_size)
        if not step > 0:
            raise UsageError(f"--attack_step_size must be above 0, got {self.attack_step_size}")
        return step

    @property
    def corrupted_by(self) -> Corruption | None:
        """What is done to all images, None for nothing."""
        return Corruption.parse(self.corruption) if self.corruption else None

    @property
    def seed_of_data(self) -> int:
        """The seed that says what the examples are."""
        return self.seed if self.data_seed < 0 else self.data_seed

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
