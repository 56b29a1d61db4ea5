"""Accuracy under attack, as the records of phases and epochs have it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from dsd_tf import randomness, registry
from dsd_tf.data.images import Images
from dsd_tf.data.sources import ImageSet
from dsd_tf.robustness.restarts import Attack
from dsd_tf.robustness.threat import Threat
from dsd_tf.settings import Settings
from dsd_tf.training.robust_evaluation import RobustEvaluator

_FIGURE = "{}_robust_accuracy"


@dataclass(frozen=True)
class RobustnessMeter:
    """One attack, and evaluators of "train", "validation" if there is such a split, and "test"."""

    name: str
    threat: Threat
    attack: Attack
    evaluators: dict[str, RobustEvaluator]

    @classmethod
    def of(cls, settings: Settings, model: keras.Model, images: ImageSet, batch_size: int) -> RobustnessMeter | None:
        """The measurement the settings ask for, None for none."""
        name = settings.robust_attack
        if name == "auto":
            name = "pgd20" if settings.objective == "adversarial" else "none"
        if name == "none":
            return None
        settings.threat.check_fits(images.train.images.shape[1:])
        attack = registry.resolve("--robust_attack", registry.ATTACKS, name)(settings.threat)
        evaluators = {
            split: RobustEvaluator(model, some, batch_size, settings.seed)
            for split, some in _attacked(settings, images).items()
        }
        return cls(name, settings.threat, attack, evaluators)

    def of_epoch(self) -> dict[str, float]:
        """Robust accuracy on validation, if there is such a split, and test data."""
        measured = {split: evaluate for split, evaluate in self.evaluators.items() if split != "train"}
        return {_FIGURE.format(split): evaluate(self.attack).robust_accuracy for split, evaluate in measured.items()}

    def of_phase(self, epochs: list[dict[str, Any]]) -> dict[str, Any]:
        """Clean and robust accuracy of every split now, the attack, and the generalisation gap.

        The gap is robust training accuracy minus robust test accuracy (Rice et al. 2020). The best epoch is chosen by
        robust validation accuracy among the measured ones, of which the last is one; None without such a split.
        """
        final = {split: evaluate(self.attack) for split, evaluate in self.evaluators.items()}
        robust = {_FIGURE.format(split): found.robust_accuracy for split, found in final.items()}
        return {
            "attack": self.name,
            **dataclasses.asdict(self.threat),
            "gap": final["train"].robust_accuracy - final["test"].robust_accuracy,
            "best_epoch": _best(epochs, robust),
            **{split: dataclasses.asdict(found) for split, found in final.items()},
        }


def _attacked(settings: Settings, images: ImageSet) -> dict[str, Images]:
    """What is attacked of each split; of the training examples, which are many, as many as there are to test."""
    limit = settings.robust_examples
    parts = {
        "train": _some(images.train, limit or len(images.test), settings),
        "test": _some(images.test, limit, settings),
    }
    if images.validation is not None:
        parts["validation"] = _some(images.validation, limit, settings)
    return parts


def _some(images: Images, limit: int, settings: Settings) -> Images:
    if not 0 < limit < len(images):
        return images
    order = randomness.generator(settings.seed_of_data, "robust_examples").permutation(len(images))
    return images.take(np.sort(order[:limit]))


def _best(epochs: list[dict[str, Any]], final: dict[str, float]) -> dict[str, Any] | None:
    chosen_by = _FIGURE.format("validation")
    if not epochs or chosen_by not in final:
        return None
    measured = [epoch for epoch in epochs if chosen_by in epoch]
    best = max([*measured, epochs[-1] | final], key=lambda epoch: epoch[chosen_by])
    keys = ("validation_accuracy", "test_accuracy", chosen_by, _FIGURE.format("test"))
    return {"epoch": best["epoch"], **{key: best.get(key) for key in keys}}
