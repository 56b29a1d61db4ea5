"""The other end of trainer.py."""

from __future__ import annotations

from benchmarks.measures.process import Process

LIBRARY = {"keras": "dsd_tf", "tf_keras": "TFMOT"}
TITLES = {"lenet300": "LeNet-300-100, batch 128", "cnn": "4-conv CIFAR net, batch 64"}


def trainer(keras: str, network: str, total_steps: int, stretch: int) -> Process:
    """A process that trains a network with one Keras, for two stretches of `stretch` steps at a time."""
    legacy = {"TF_USE_LEGACY_KERAS": "1" if keras == "tf_keras" else "0"}
    return Process("trainer.py", keras, network, str(total_steps), str(stretch), environment=legacy)
