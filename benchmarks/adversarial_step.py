"""Adversarial training steps beside plain ones, and the same ratio of a PGD loop in PyTorch on the same network.

    python -m benchmarks.adversarial_step [--quick]

PyTorch takes part where it is installed (torch==2.13.0). Variants take turns in random order; read the ratios. "free"
trains every batch four times in a row, on images that move by the gradient of the step before.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Iterator

import keras
import numpy as np

from benchmarks.measures import machine
from benchmarks.measures.rows import Row, as_markdown, ratio_row
from benchmarks.measures.trainer import cnn
from benchmarks.measures.turns import seconds, take_turns
from dsd_tf.data.feed import TrainFeed
from dsd_tf.data.images import Images
from dsd_tf.robustness.pgd import Pgd
from dsd_tf.robustness.threat import Threat
from dsd_tf.training.objectives.adversarial import Adversarial
from dsd_tf.training.objectives.cross_entropy import CrossEntropy
from dsd_tf.training.objectives.free_adversarial import FreeAdversarial
from dsd_tf.training.objectives.objective import Objective
from dsd_tf.training.trainer import Trainer

ATTACK_STEPS = (0, 1, 7, 10)
FREE, REPLAYS = "free", 4
BATCH, STEPS = 64, 10
THREAT = Threat.parse("linf", "")

Stretch = Callable[[], None]
"""Trains `STEPS` steps."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for trying it out")
    rows = list(measure(parser.parse_args().quick))
    print("\n".join(f"{key}: {value}" for key, value in machine.describe().items()))
    print(as_markdown(rows))


def measure(quick: bool) -> Iterator[Row]:
    stretches = {("dsd_tf", steps): _in_keras(steps) for steps in (*ATTACK_STEPS, FREE)}
    if importlib.util.find_spec("torch"):
        stretches |= {("PyTorch", steps): _in_torch(steps) for steps in ATTACK_STEPS}
    sides = {side: seconds(train) for side, train in stretches.items()}
    taken = take_turns(sides, rounds=3 if quick else 12)
    for (library, steps), own in taken.items():
        yield ratio_row(
            f"4-conv CIFAR net, batch {BATCH}: {library}, {_name(steps)}",
            own,
            taken[library, 0],
            to=f"plain {library}",
            unit="ms/step",
            scale=1e3 / STEPS,
            target=_passes(steps) if steps and library == "dsd_tf" else None,
        )


def _name(steps: int | str) -> str:
    return f"PGD-{steps}" if isinstance(steps, int) and steps else steps or "plain"


def _passes(steps: int | str) -> float:
    """How many plain steps one should cost at most; a free one also goes back through the first layer to the images."""
    return 1.2 if steps == FREE else steps + 1


def _images() -> Images:
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (BATCH * STEPS, 32, 32, 3), np.uint8)
    return Images(pixels, draw.integers(0, 10, len(pixels), np.int32))


def _in_keras(attack_steps: int | str) -> Stretch:
    keras.utils.set_random_seed(0)
    network, replays = keras.Sequential(cnn(keras.layers)), REPLAYS if attack_steps == FREE else 1
    feed = TrainFeed(_images(), BATCH, seed=0, augmentation="none", replays=replays)
    trainer = Trainer(network, _objective(network, attack_steps), feed)
    trainer.compile(keras.optimizers.SGD(0.01, momentum=0.9), steps_per_execution=STEPS, jit_compile=False)

    def train() -> None:
        feed.set_epoch(0)
        trainer.fit(trainer.counter, steps_per_epoch=STEPS, verbose=0, shuffle=False)

    return train


def _objective(network: keras.Model, attack_steps: int | str) -> Objective:
    if attack_steps == FREE:
        return FreeAdversarial(THREAT, THREAT.epsilon, (BATCH, 32, 32, 3))
    if not attack_steps:
        return CrossEntropy()
    attack = Pgd(THREAT, attack_steps, THREAT.step, random_start=True)
    return Adversarial(network, attack, "eval", seed=(0, 0))


def _in_torch(attack_steps: int) -> Stretch:
    import torch
    from torch import nn
    from torch.nn import functional

    stack: list[nn.Module] = []
    for inputs, filters in ((3, 32), (32, 64)):
        stack += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU()]
        stack += [nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    network = nn.Sequential(*stack, nn.Flatten(), nn.Linear(64 * 8 * 8, 10)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9)
    data = _images()
    images, labels = torch.from_numpy(data.images), torch.from_numpy(data.labels.astype(np.int64))

    def attacked(clean: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        least, most = (clean - THREAT.epsilon).clamp(min=0), (clean + THREAT.epsilon).clamp(max=1)
        points = clean + torch.empty_like(clean).uniform_(-THREAT.epsilon, THREAT.epsilon)
        for _ in range(attack_steps):
            points = points.detach().requires_grad_()
            # for the images alone, as ours: .backward() would compute the weights' gradients too
            (gradient,) = torch.autograd.grad(functional.cross_entropy(network(points), wanted), points)
            points = torch.clamp(points + THREAT.step * gradient.sign(), least, most)
        return points.detach()

    def train() -> None:
        for start in range(0, len(labels), BATCH):
            part = slice(start, start + BATCH)
            clean = (images[part].float() / 255).permute(0, 3, 1, 2)
            points = attacked(clean, labels[part]) if attack_steps else clean
            optimizer.zero_grad()
            functional.cross_entropy(network(points), labels[part]).backward()
            optimizer.step()

    return train


if __name__ == "__main__":
    main()
