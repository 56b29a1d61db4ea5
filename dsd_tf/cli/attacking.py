"""Evaluating under attack: the flags, and what they ask for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from absl import flags

from dsd_tf import registry
from dsd_tf.errors import UsageError, unknown
from dsd_tf.reporting.progress import RunProgress
from dsd_tf.reporting.tables import make_table, print_table
from dsd_tf.robustness.threat import NORMS, Threat
from dsd_tf.settings import split

if TYPE_CHECKING:
    import numpy as np

    from dsd_tf.data.images import Images
    from dsd_tf.export.network import Network
    from dsd_tf.training.robust_evaluation import RobustEvaluator

_ENSEMBLE = ("pgd20", "apgd_ce", "apgd_dlr")
_DETAILS = ("norm", "epsilon", "attack_examples")


@dataclass(frozen=True)
class Attacks:
    """Attacks by name, and what they may do to an image."""

    names: list[str]
    threat: Threat


def define_flags() -> list[str]:
    """The flags of attacks; returns their names."""
    known = " ".join((*registry.ATTACKS, "worst"))
    flags.DEFINE_string("attack", "", f"comma-separated attacks ({known}); worst = {', '.join(_ENSEMBLE)}")
    flags.DEFINE_string("norm", NORMS[0], f"attack: norm of the perturbations ({' '.join(NORMS)})")
    flags.DEFINE_string("epsilon", "", "attack: their largest norm, pixels in [0, 1]; if empty 8/255 or (l2) 128/255")
    flags.DEFINE_integer("attack_examples", 0, "attack: only the first so many examples; 0 = all", lower_bound=0)
    return ["attack", *_DETAILS]


def asked() -> Attacks | None:
    """What the flags ask for, None for no attack; UsageError for flags that make no sense."""
    options = flags.FLAGS
    if not options.attack:
        for name in _DETAILS:
            if options[name].present:
                raise UsageError(f"--{name} goes with --attack")
        return None
    names = [part for name in split(options.attack) for part in (_ENSEMBLE if name == "worst" else [name])]
    for name in names:
        if name not in registry.ATTACKS:
            raise unknown("--attack", name, (*registry.ATTACKS, "worst"))
    return Attacks(list(dict.fromkeys(names)), Threat.parse(options.norm, options.epsilon))


def attack(network: Network, images: Images, attacks: Attacks, batch_size: int, seed: int) -> dict[str, Any]:
    """Attack a network on these images, print a table, and return its figures for the last line."""
    import numpy as np

    from dsd_tf.training.robust_evaluation import RobustEvaluator

    images = images.take(np.arange(min(flags.FLAGS.attack_examples or len(images), len(images))))
    evaluator = RobustEvaluator(network.logits, images, batch_size, seed)
    clean = evaluator.right(None, np.ones(len(images), bool))
    started = time.monotonic()
    right = _carry_out(evaluator, attacks, clean)
    worst = np.logical_and.reduce(list(right.values()))
    _print(attacks, {"none": clean} | right | ({"the worst of them": worst} if len(right) > 1 else {}))
    return {
        "attacks": {name: float(standing.mean()) for name, standing in right.items()},
        "attacked_examples": len(images),
        "attack_seconds": round(time.monotonic() - started, 3),
        "clean_accuracy": float(clean.mean()),
        "robust_accuracy": float(worst.mean()),
        "norm": attacks.threat.norm,
        "epsilon": attacks.threat.epsilon,
    }


def _carry_out(evaluator: RobustEvaluator, attacks: Attacks, clean: np.ndarray) -> dict[str, np.ndarray]:
    """Which examples stay right, by attack; progress counts passes through the network."""
    made = {name: registry.resolve("--attack", registry.ATTACKS, name)(attacks.threat) for name in attacks.names}
    each, before, right = int(clean.sum()), 0, {}
    progress = RunProgress(max(1, each * sum(one.passes for one in made.values())))

    def reached(done: int) -> None:
        progress.reach(before + done * made[name].passes)
        progress.line(f"{name}: {done:,} of {each:,} images")

    try:
        for name, one in made.items():
            right[name] = evaluator.right(one, clean, reached)
            before += each * one.passes
    finally:
        progress.close()
    return right


def _print(attacks: Attacks, right: dict[str, np.ndarray]) -> None:
    table = make_table(f"attack ({attacks.threat})", "right", "of", "accuracy")
    for name, standing in right.items():
        table.add_row(name, f"{standing.sum():,}", f"{len(standing):,}", f"{standing.mean():.2%}")
    print_table(table)
