"""What is trained on."""

from __future__ import annotations

from dataclasses import dataclass

from dsd_tf import registry
from dsd_tf.settings.field import BELOW_1, NOT_NEGATIVE, setting


@dataclass(frozen=True)
class DataSettings:
    """What is trained on."""

    dataset: str = setting("digits", "digits, image_folder, or a TFDS name (mnist, cifar10, cifar100 ...)")
    data_dir: str = setting("", "where the data set is; TFDS' own place if empty", identity=False)
    train_examples: int = setting(0, "train on this many examples, drawn by the seed; 0 = all", bounds=NOT_NEGATIVE)
    train_fraction: float = setting(1.0, "or on this share of them (p_data), drawn by the seed, rounded down")
    train_subset: str = setting("", "or on the --hardest or --easiest of them, by the scores of this .npz file")
    hardest: float = setting(0.0, "train_subset: share of the training examples, the hardest of them")
    easiest: float = setting(0.0, "train_subset: share of the training examples, the easiest of them")
    stratified: bool = setting(False, "train_subset: the same share of every class, not of all examples")
    data_seed: int = setting(-1, "seed of the split, of the training examples and of corruptions; -1 = --seed")
    corruption: str = setting("", f"KIND:SEVERITY of all images, severity 1 to 5; {' '.join(registry.CORRUPTIONS)}")
    cache_dir: str = setting("", "where corrupted images are kept; ~/.cache/dsd_tf if empty", identity=False)
    validation_fraction: float = setting(0.1, "share of the training examples held out for validation", bounds=BELOW_1)
    image_size: int = setting(
        0, "side to resize images to where a set's images vary; 0 = the set's default", bounds=NOT_NEGATIVE
    )
    swap_splits: bool = setting(False, "train on the set's test split and test on its training split")
    augmentation: str = setting("auto", "auto = the papers' for the set", choices=("auto", *registry.AUGMENTATIONS))

    label_noise: float = setting(0.0, "share of training labels to corrupt, after the subset is drawn")
    label_noise_kind: str = setting("flip_other", "how labels are corrupted", choices=tuple(registry.LABEL_NOISE))
    label_noise_file: str = setting("", f".npz or .pt of CIFAR-N, for {' '.join(registry.HUMAN_LABEL_NOISE)}")
