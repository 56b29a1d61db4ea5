"""What a user asks for, what a kind of noise gets to see, and how the two meet."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from dsd_tf.data.images import Images
from dsd_tf.errors import UsageError
from dsd_tf.registry import HUMAN_LABEL_NOISE, LABEL_NOISE, resolve


@dataclass(frozen=True)
class LabelNoise:
    """A kind of noise of the registry and how much of it; people's labels come out of a file instead.

    Raises UsageError for a rate outside [0, 1], and for a kind and a file that do not go together.
    """

    kind: str
    rate: float = 0.0
    file: str = ""
    seed: int = 0

    def __post_init__(self):
        human = self.kind in HUMAN_LABEL_NOISE
        if not 0 <= self.rate <= 1:
            raise UsageError(f"--label_noise must be in [0, 1], got {self.rate}")
        if human and self.rate:
            raise UsageError(
                f"--label_noise={self.rate}: with --label_noise_kind={self.kind} the file says how many labels are "
                "wrong; leave --label_noise out"
            )
        if human and not self.file:
            raise UsageError(f"--label_noise_kind={self.kind} needs --label_noise_file, CIFAR-N's .pt or an .npz of it")
        if self.file and not human:
            kinds = " ".join(HUMAN_LABEL_NOISE)
            raise UsageError(f"--label_noise_file goes with --label_noise_kind={kinds}, {self.kind} takes no file")

    @property
    def is_none(self) -> bool:
        """Whether labels stay as they are."""
        return not self.rate and not self.file

    def __str__(self) -> str:
        return f"{self.kind} of {self.file}" if self.file else f"{self.kind} {self.rate:g}"


@dataclass(frozen=True)
class Examples:
    """Training examples in the order of the files their set was published as, or of reading if they have no ids.

    labels: true, int32 [N]. ids: str [N] or None. `set_size` counts the training examples of the whole set, of
    which these may be a part.
    """

    dataset: str
    labels: np.ndarray
    num_classes: int
    ids: np.ndarray | None
    set_size: int


def corrupt(images: Images, noise: LabelNoise, *, dataset: str, num_classes: int, set_size: int) -> Images:
    """The same examples with noisy labels, their true ones kept as `clean_labels`.

    Noise goes by the ids of the examples, so the order they come in does not matter.

    Raises UsageError for an unknown kind, one that is not for this set, and a file that is not for it.
    """
    make = resolve("--label_noise_kind", LABEL_NOISE, noise.kind)
    if num_classes < 2:
        raise UsageError(f"data set {dataset!r} has {num_classes} class: label noise needs at least 2")
    ids = images.ids
    order = np.arange(len(images)) if ids is None else np.argsort(ids, kind="stable")
    ordered_ids = None if ids is None else ids[order]
    labels = np.empty_like(images.labels)
    labels[order] = make(Examples(dataset, images.labels[order], num_classes, ordered_ids, set_size), noise)
    return dataclasses.replace(images, labels=labels, clean_labels=images.labels)


def describe_noise(noise: LabelNoise, images: Images) -> str:
    """One line on what the noise came to in these training images."""
    wrong = images.wrong
    return (
        f"label noise {noise}: {wrong.sum():,} of {len(wrong):,} training labels ({wrong.mean():.2%}) are wrong; "
        "validation and test labels are clean"
    )
