"""Labels that people gave the training images of CIFAR (Wei et al., "Learning with Noisy Labels Revisited", 2022)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dsd_tf.data.images import check_labels
from dsd_tf.data.known import base_name
from dsd_tf.data.label_noise.noise import Examples, LabelNoise
from dsd_tf.data.label_noise.restricted_unpickler import read_pt
from dsd_tf.errors import UsageError
from dsd_tf.files import read_arrays

_READERS = {".npz": read_arrays, ".pt": read_pt}
_TRUE = "clean_label"


@dataclass(frozen=True)
class HumanLabels:
    """One set of people's labels, which the published file for `dataset` keeps under `key`.

    Called as any kind of noise, it gives every example the label of its number in the original files.

    Raises UsageError for another data set, examples without such numbers, a file that cannot be read, and one whose
    vectors have another length, are no labels, or disagree with the data set about the true labels.
    """

    dataset: str
    key: str

    def __call__(self, examples: Examples, noise: LabelNoise) -> np.ndarray:
        if base_name(examples.dataset) != self.dataset:
            raise UsageError(f"--label_noise_kind={noise.kind} is for {self.dataset}, not for {examples.dataset!r}")
        numbers = _numbers(examples)
        where = f"--label_noise_file={noise.file}"
        given, true = (vector[numbers] for vector in self._vectors(Path(noise.file), examples, where))
        if disagree := np.count_nonzero(true != examples.labels):
            raise UsageError(
                f"{where}: {_TRUE!r} and the labels of {examples.dataset!r} disagree on {disagree:,} of "
                f"{len(true):,} training examples; it must be the file for this data set"
            )
        return given.astype(np.int32)

    def _vectors(self, path: Path, examples: Examples, where: str) -> tuple[np.ndarray, np.ndarray]:
        if path.suffix not in _READERS:
            raise UsageError(f"{where}: must be an .npz or a .pt file")
        stored = _READERS[path.suffix](path)
        vectors = []
        for key in (self.key, _TRUE):
            if key not in stored:
                raise UsageError(f"{where} has no {key!r}, it holds {', '.join(map(repr, stored)) or 'nothing'}")
            vector = stored[key]
            if vector.shape != (examples.set_size,) or vector.dtype.kind not in "iu":
                raise UsageError(
                    f"{where}: {key!r} must be one integer for each of the {examples.set_size:,} training examples of "
                    f"{examples.dataset!r}, it is {vector.dtype} of shape {vector.shape}"
                )
            check_labels(vector, examples.num_classes, f"{where}, {key!r}")
            vectors.append(vector)
        return vectors[0], vectors[1]


def _numbers(examples: Examples) -> np.ndarray:
    """The numbers in TFDS's ids, "train_00042", which count the images in the original files; int64 [N]."""
    if examples.ids is None:
        raise UsageError(f"data set {examples.dataset!r} names no example by id, which people's labels go by")
    found = [re.fullmatch(r"train_(\d+)", name, re.ASCII) for name in examples.ids]
    numbers = np.array([int(match[1]) if match else -1 for match in found])
    odd = np.flatnonzero((numbers < 0) | (numbers >= examples.set_size))
    if len(odd):
        raise UsageError(
            f"data set {examples.dataset!r}: id {str(examples.ids[odd[0]])!r} is not one of train_00000 to "
            f"train_{examples.set_size - 1:05}"
        )
    return numbers


aggre = HumanLabels("cifar10", "aggre_label")
rand1 = HumanLabels("cifar10", "random_label1")
rand2 = HumanLabels("cifar10", "random_label2")
rand3 = HumanLabels("cifar10", "random_label3")
worst = HumanLabels("cifar10", "worse_label")
noisy100 = HumanLabels("cifar100", "noisy_label")
