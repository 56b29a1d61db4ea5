"""Free adversarial training: the published algorithm, at one backward pass per step."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.feed import TrainFeed
from dsd_tf.data.images import Images
from dsd_tf.errors import UsageError
from dsd_tf.experiment.workbench import build_workbench, load_images
from dsd_tf.robustness.threat import Threat
from dsd_tf.settings import Settings
from dsd_tf.training.objectives.adversarial import make
from dsd_tf.training.objectives.cross_entropy import CrossEntropy
from dsd_tf.training.objectives.free_adversarial import FreeAdversarial
from dsd_tf.training.objectives.objective import Objective, Surroundings
from dsd_tf.training.trainer import Trainer

IMAGES = Images(
    np.random.default_rng(0).integers(0, 256, (22, 4, 4, 1), np.uint8),
    np.random.default_rng(1).integers(0, 3, 22, np.int32),
)
LINF, L2 = Threat("linf", 0.1), Threat("l2", 0.3)
BATCH, RATE, REPLAYS = 8, 0.5, 4


def linear() -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4, 4, 1))
    return keras.Model(inputs, keras.layers.Dense(3, use_bias=False)(keras.layers.Flatten()(inputs)))


def feed(replays: int = REPLAYS) -> TrainFeed:
    return TrainFeed(IMAGES, BATCH, seed=0, augmentation="none", replays=replays)


def trained(threat: Threat, step: float, epochs: int, steps_per_execution: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The kernel, and the perturbation [BATCH, 16] that is left."""
    network, source = linear(), feed()
    objective = FreeAdversarial(threat, step, (BATCH, 4, 4, 1))
    trainer = Trainer(network, objective, source)
    trainer.compile(keras.optimizers.SGD(RATE), steps_per_execution=steps_per_execution, jit_compile=False)
    begin = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: source.set_epoch(epoch))
    trainer.fit(trainer.counter, steps_per_epoch=3, epochs=epochs, callbacks=[begin], verbose=0, shuffle=False)
    return network.get_weights()[0], objective.variables[0].numpy().reshape(BATCH, 16)


def project(points: np.ndarray, images: np.ndarray, threat: Threat) -> np.ndarray:
    if threat.norm == "linf":
        return np.clip(points, np.maximum(images - threat.epsilon, 0), np.minimum(images + threat.epsilon, 1))
    moved = np.clip(points, 0, 1) - images
    return images + moved * np.minimum(1, threat.epsilon / np.linalg.norm(moved, axis=1, keepdims=True).clip(1e-12))


def twin(threat: Threat, step: float, data_epochs: int) -> tuple[np.ndarray, np.ndarray]:
    """Algorithm 1 of the paper for a linear network, in float64."""
    kernel, source = linear().get_weights()[0].astype(np.float64), feed(replays=1)
    perturbation = np.zeros((BATCH, 16))
    for epoch in range(data_epochs):
        source.set_epoch(epoch)
        for batch in range(3):
            pixels, labels = (part.numpy() for part in source.examples(tf.constant(batch, tf.int64)))
            images, size = pixels.reshape(len(pixels), 16).astype(np.float64), len(labels)
            for _ in range(REPLAYS):
                seen = project(images + perturbation[:size], images, threat)
                logits = seen @ kernel
                error = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) - np.eye(3)[labels]
                uphill = error @ kernel.T
                if threat.norm == "linf":
                    uphill = np.sign(uphill)
                else:
                    uphill /= np.linalg.norm(uphill, axis=1, keepdims=True)
                kernel = kernel - RATE * seen.T @ error / size
                perturbation[:size] = project(seen + step * uphill, images, threat) - images
    return kernel, perturbation


@pytest.mark.parametrize(("threat", "step"), [(LINF, 0.1), (LINF, 0.03), (L2, 0.3)], ids=str)
def test_it_does_what_the_published_algorithm_does(threat, step):
    for found, wanted in zip(trained(threat, step, epochs=2 * REPLAYS), twin(threat, step, 2), strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_the_perturbation_goes_from_epoch_to_epoch_and_steps_per_execution_change_nothing():
    one, many = (trained(LINF, 0.1, epochs=3, steps_per_execution=count) for count in (1, 3))
    assert all(map(np.array_equal, one, many))
    assert np.abs(one[1]).max() == pytest.approx(0.1)


def products(objective: Objective) -> int:
    """How many matrix products a training step runs: what leads to its results and to what it assigns."""
    network = linear()
    trainer = Trainer(network, objective, feed())
    trainer.compile(keras.optimizers.SGD(RATE), jit_compile=False)
    trainer.optimizer.build(network.trainable_variables)
    batch = tf.TensorSpec([BATCH, 4, 4, 1]), tf.TensorSpec([BATCH], tf.int32)
    graph = tf.function(lambda *data: trainer.train_step((*data, 1.0))).get_concrete_function(*batch).graph
    wanted = [output.op.name for output in graph.outputs] + [operation.name for operation in graph.control_outputs]
    run = tf.compat.v1.graph_util.extract_sub_graph(graph.as_graph_def(), wanted)
    return sum(node.op == "MatMul" for node in run.node)


def test_the_backward_pass_of_the_weights_goes_on_to_the_images_where_somebody_learns_from_it():
    assert products(CrossEntropy()) == 2
    assert products(FreeAdversarial(LINF, 0.1, (BATCH, 4, 4, 1))) == 3


def bench(**values):
    settings = {"width": 0.1, "train_examples": 100, "objective": "adversarial", "attack_replays": 4}
    return build_workbench(Settings(**settings | values))


def test_it_is_a_setting_of_adversarial_training_with_steps_of_epsilon():
    made = bench(attack_epsilon="0.05", batch_size=32)
    objective = made.trainer.objective
    assert isinstance(objective, FreeAdversarial)
    assert objective._step == 0.05
    assert objective.variables[0].shape == (32, 8, 8, 1)
    assert (objective.extra_passes, objective.extra_flops) == (0, 0)
    assert bench(attack_step_size="0.01").trainer.objective._step == 0.01


def test_several_devices_are_refused():
    settings = Settings(train_examples=100, objective="adversarial", attack_replays=4, strategy="mirrored")
    network = keras.Sequential([keras.Input((8, 8, 1))])
    with pytest.raises(UsageError, match="--attack_replays=4 needs --strategy=one_device"):
        make(settings, Surroundings(network, load_images(settings), lambda path: network))
