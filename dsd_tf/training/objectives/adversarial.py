"""Adversarial training: cross-entropy on the worst images near those of the batch (Madry et al. 2018)."""

from __future__ import annotations

import keras
import tensorflow as tf

from dsd_tf import randomness
from dsd_tf.errors import UsageError
from dsd_tf.robustness.losses import Logits
from dsd_tf.robustness.pgd import Pgd
from dsd_tf.settings import Settings
from dsd_tf.training.objectives.cross_entropy import CrossEntropy
from dsd_tf.training.objectives.free_adversarial import FreeAdversarial
from dsd_tf.training.objectives.objective import Surroundings


class Adversarial(CrossEntropy):
    """Cross-entropy on the labels, of attacked images in place of the batch's.

    The attack is on the network as it is at the step. What batch norm does inside of it (`batch_norm`):
    "eval" - moving averages, as in evaluation;
    "batch" - statistics of the attacked batch, while the moving averages stay as they are;
    "train" - these statistics, and the moving averages follow every pass of the attack, as in the code of Sparsity Wins
    (Chen et al. 2022) and its descendants.
    """

    def __init__(self, network: keras.Model, attack: Pgd, batch_norm: str, seed: tuple[int, int]):
        super().__init__()
        self._logits, self._attack, self._seed = _logits(network, batch_norm), attack, seed
        # a pass forward and one back to the images, which costs as much: weights get no gradients
        self.extra_passes = 2 * attack.passes

    def examples(self, images, labels, step):
        seed = tf.random.experimental.stateless_fold_in(tf.constant(self._seed), step)
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        seed = tf.random.experimental.stateless_fold_in(seed, replica)
        return self._attack(self._logits, images, labels, seed)


def _logits(network: keras.Model, batch_norm: str) -> Logits:
    if batch_norm == "batch":

        def logits(images: tf.Tensor) -> tf.Tensor:
            with keras.StatelessScope():  # what it would assign to variables is dropped
                return network(images, training=True)

        return logits
    return lambda images: network(images, training=batch_norm == "train")


def make(settings: Settings, surroundings: Surroundings) -> Adversarial | FreeAdversarial:
    """The objective the settings describe.

    Raises:
        UsageError: for an epsilon that no two images are apart, and on several replicas for attacks in training mode
            and for replays.
    """
    image_shape = surroundings.images.train.images.shape[1:]
    settings.threat.check_fits(image_shape)
    if settings.attack_replays > 1:
        if settings.strategy != "one_device":
            raise UsageError(f"--attack_replays={settings.attack_replays} needs --strategy=one_device")
        return FreeAdversarial(settings.threat, settings.attack_step, (settings.batch_size, *image_shape))
    if settings.attack_bn != "eval" and settings.strategy != "one_device":
        raise UsageError(f"--attack_bn={settings.attack_bn} needs --strategy=one_device; eval goes with any")
    attack = Pgd(settings.threat, settings.attack_steps, settings.attack_step, settings.attack_random_start)
    seed = randomness.stateless_seed(settings.seed, "attack")
    return Adversarial(surroundings.network, attack, settings.attack_bn, seed)
