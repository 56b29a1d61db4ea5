"""Projected gradient ascent: beside a NumPy attacker, foolbox where it is installed, and the exact worst case."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.robustness.balls import ball
from dsd_tf.robustness.losses import cross_entropy
from dsd_tf.robustness.pgd import Pgd
from dsd_tf.robustness.threat import Threat

SEED = tf.constant([1, 2])
THREATS = [Threat("linf", 0.1), Threat("l2", 0.3)]
each_threat = pytest.mark.parametrize("threat", THREATS, ids=str)


def losses(model, images, labels) -> np.ndarray:
    return cross_entropy(labels, model(images)).numpy()


@each_threat
@pytest.mark.parametrize("random_start", [False, True])
@pytest.mark.parametrize("network", ["linear", "mlp"])
def test_it_goes_where_an_independent_attacker_goes(request, twin, examples, threat, random_start, network):
    model, (images, labels) = request.getfixturevalue(network), examples
    attack = Pgd(threat, steps=7, step=threat.step, random_start=random_start)
    found = attack(model, tf.constant(images), labels, SEED).numpy()
    starts = ball(threat).start(tf.constant(images), SEED).numpy() if random_start else images
    for image, label, start, point in zip(images, labels, starts, found, strict=True):
        wanted = twin(model).attack(image, label, start, threat.norm, threat.epsilon, threat.step, steps=7)
        np.testing.assert_allclose(point, wanted, atol=1e-5)


@each_threat
def test_it_goes_where_foolbox_goes(mlp, threat):
    foolbox = pytest.importorskip("foolbox")
    # away from black and white: there foolbox projects onto the ball before it cuts to the range
    images = tf.constant(np.random.default_rng(0).uniform(0.4, 0.6, (20, 4, 4, 1)).astype(np.float32))
    labels = tf.argmax(mlp(images), axis=1, output_type=tf.int32)
    kind = foolbox.attacks.LinfPGD if threat.norm == "linf" else foolbox.attacks.L2PGD
    peer = kind(rel_stepsize=None, abs_stepsize=threat.step, steps=7, random_start=False)
    network = foolbox.TensorFlowModel(mlp, bounds=(0, 1), device="CPU:0")
    wanted = peer.run(network, images, foolbox.criteria.Misclassification(labels), epsilon=threat.epsilon)
    found = Pgd(threat, steps=7, step=threat.step, random_start=False)(mlp, images, labels, SEED)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@each_threat
@pytest.mark.parametrize("random_start", [False, True])
def test_it_stays_in_the_ball_and_in_the_range_and_raises_the_loss(mlp, examples, threat, random_start):
    images, labels = examples
    found = Pgd(threat, 10, threat.step, random_start)(mlp, tf.constant(images), labels, SEED).numpy()
    moved = (found - images).reshape(len(images), -1)
    distance = np.linalg.norm(moved, axis=1) if threat.norm == "l2" else np.abs(moved).max(axis=1)
    assert (distance <= threat.epsilon * (1 + 1e-5)).all()
    assert found.min() >= 0 and found.max() <= 1
    assert losses(mlp, found, labels).mean() > losses(mlp, images, labels).mean()


def test_a_linear_network_loses_exactly_as_much_as_the_dual_norm_says(linear):
    """With two classes the margin is linear in the image: the worst case is epsilon times the dual norm away."""
    kernel = linear.get_weights()[0][:, :2]
    images = tf.fill((1, 4, 4, 1), 0.5)  # nowhere near black or white
    difference = kernel[:, 1] - kernel[:, 0]

    def two_classes(points):
        return tf.reshape(points, (-1, 16)) @ kernel

    def margin(points):
        outputs = two_classes(points)[0]
        return float(outputs[1] - outputs[0])

    for threat, dual in ((THREATS[0], np.abs(difference).sum()), (THREATS[1], np.linalg.norm(difference))):
        found = Pgd(threat, 20, threat.step, random_start=False)(two_classes, images, tf.constant([0]), SEED)
        assert margin(found) == pytest.approx(margin(images) + threat.epsilon * dual, rel=1e-5)


def test_one_step_of_epsilon_is_the_fast_gradient_sign(mlp, examples, twin):
    images, labels = examples
    found = Pgd(THREATS[0], steps=1, step=0.1, random_start=False)(mlp, tf.constant(images), labels, SEED).numpy()
    signs = np.stack([np.sign(twin(mlp).gradient(*pair)) for pair in zip(images, labels, strict=True)])
    np.testing.assert_allclose(found, np.clip(images + 0.1 * signs, 0, 1), atol=1e-6)


def test_an_image_is_attacked_the_same_in_any_batch(mlp, examples):
    images, labels = examples
    attack = Pgd(THREATS[1], steps=5, step=0.05, random_start=False)
    together = attack(mlp, tf.constant(images), labels, SEED).numpy()
    alone = attack(mlp, tf.constant(images[3:4]), labels[3:4], SEED).numpy()
    np.testing.assert_allclose(alone[0], together[3], atol=1e-6)


def test_a_whole_attack_is_one_graph_without_gradients_for_weights(mlp):
    attack = Pgd(THREATS[0], steps=50, step=0.01, random_start=True)
    images, labels = tf.TensorSpec([None, 4, 4, 1]), tf.TensorSpec([None], tf.int32)
    function = tf.function(lambda points, classes: attack(mlp, points, classes, SEED))
    graph = function.get_concrete_function(images, labels).graph
    bodies = [graph, *(_body(graph, operation) for operation in graph.get_operations() if "While" in operation.type)]
    assert len(bodies) == 2
    # two kernels: forward, and back to the images, but for the pass to the weights themselves
    products = [op for body in bodies for op in body.get_operations() if op.type == "MatMul"]
    assert len(products) == 4


def _body(graph, loop):
    return graph._get_function(loop.get_attr("body").name).graph
