"""Exact loss and accuracy: hand-written logits, ties as in Caffe, partial batches."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.images import Images
from dsd_tf.training.evaluation import Evaluator, Scores, batch_totals, streamed_scores, winners

NAN = float("nan")


def totals(logits, labels) -> list[float]:
    return batch_totals(tf.constant(logits, tf.float32), tf.constant(labels, tf.int32)).numpy().tolist()


def counts(logits, labels) -> list[float]:
    """Examples right at top-1, at top-3, at top-5, examples."""
    return totals(logits, labels)[1:]


def test_the_largest_logit_is_the_answer():
    assert counts([[1, 3, 2], [5, 0, 1]], [1, 1]) == [1, 2, 2, 2]


def test_top_k_counts_an_example_with_fewer_than_k_better_classes():
    logits = [[9, 8, 7, 6, 5, 4, 3]] * 3
    assert counts(logits, [0, 2, 3]) == [1, 2, 3, 3]
    assert counts(logits, [0, 4, 5]) == [1, 1, 2, 3]


def test_a_tie_with_another_class_is_no_hit_as_in_caffe():
    assert counts([[2, 2, 1], [2, 2, 1], [2, 1, 1]], [0, 1, 0]) == [1, 3, 3, 3]


def test_a_tie_at_the_fifth_place_is_no_hit_either():
    assert counts([[9, 8, 7, 6, 5, 5, 0]] * 2, [4, 3]) == [0, 0, 1, 2]


def test_a_network_that_says_the_same_to_everything_is_never_right():
    assert counts(np.zeros((4, 10)), [0, 1, 2, 3]) == [0, 0, 0, 4]


@pytest.mark.parametrize(
    "logits",
    [[NAN] * 6, [NAN, 1, 0, 0, 0, 0], [5, NAN, NAN, NAN, NAN, NAN]],
    ids=["all", "its own", "the others"],
)
def test_logits_that_are_not_numbers_are_wrong(logits):
    assert counts([logits], [0]) == [0, 0, 0, 1]


def test_the_loss_is_the_summed_cross_entropy_in_nats():
    loss = totals([[0, 0, 0, 0], [np.log(3), 0, -1e30, -1e30]], [2, 0])[0]
    assert loss == pytest.approx(np.log(4) + np.log(4 / 3), rel=1e-6)


def test_totals_are_float64_whatever_the_logits_are():
    half = batch_totals(tf.constant([[1, 0]], tf.float16), tf.constant([0]))
    assert half.dtype == tf.float64
    assert half.numpy()[0] == pytest.approx(np.log1p(np.exp(-1)), rel=1e-6)


class Echo(keras.Model):
    """Its logits are the pixels; in training it would say something else."""

    def call(self, images, training=None):
        logits = tf.reshape(images, [-1, 3]) * 255
        return -logits if training else logits


PIXELS = np.array([[3, 1, 0], [0, 2, 1], [1, 0, 2], [2, 2, 0], [0, 1, 2]], np.uint8).reshape(5, 1, 3, 1)
IMAGES = Images(PIXELS, np.array([0, 1, 0, 0, 2], np.int32))


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 64])
def test_every_example_weighs_the_same_in_whatever_batches(batch_size):
    scores = Evaluator(Echo(), IMAGES, batch_size)()
    logits = PIXELS.reshape(5, 3).astype(float)
    own = logits[np.arange(5), IMAGES.labels]
    loss = np.mean(np.log(np.exp(logits).sum(axis=1)) - own)
    assert (scores.top1, scores.top5, scores.examples) == (3 / 5, 1.0, 5)
    assert scores.loss == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 64])
def test_predictions_are_the_winning_classes_in_order(batch_size):
    evaluate = Evaluator(Echo(), IMAGES, batch_size)
    assert evaluate.predictions().tolist() == [0, 1, 2, -1, 2]


@pytest.mark.parametrize("logits", [[2, 2, 1], [NAN, NAN, NAN], [NAN, 1, 0], [5, NAN, 0]])
def test_where_no_class_scores_above_all_others_none_is_predicted(logits):
    assert winners(tf.constant([[1.0, 3.0, 2.0], logits])).numpy().tolist() == [1, -1]


def test_a_prediction_is_right_where_the_example_counts_as_right():
    generator = np.random.default_rng(5)
    logits, labels = generator.integers(0, 3, (200, 4)), generator.integers(0, 4, 200)
    right = winners(tf.constant(logits, tf.float32)).numpy() == labels
    assert right.sum() == counts(logits, labels)[0]


def test_an_evaluator_follows_the_weights_of_its_model():
    model = keras.Sequential([keras.layers.Input((1, 3, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    evaluate = Evaluator(model, IMAGES, 2)
    model.set_weights([np.eye(3), np.zeros(3)])
    first = evaluate()
    model.set_weights([-np.eye(3), np.zeros(3)])
    assert (first.top1, evaluate().top1) == (3 / 5, 0)


def test_scores_are_plain_numbers():
    scores = Evaluator(Echo(), IMAGES, 2)()
    assert isinstance(scores, Scores)
    assert [type(value) for value in vars(scores).values()] == [float, float, float, float, int]


def test_evaluated_step_by_step_the_scores_are_the_same_and_progress_is_told():
    evaluate, reached = Evaluator(Echo(), IMAGES, 2), []
    assert evaluate.stepwise(reached.append) == evaluate()
    assert reached == [2, 4, 5]


def test_streamed_batches_give_the_scores_of_the_same_images_in_memory():
    generator = np.random.default_rng(3)
    images = generator.integers(0, 256, (25, 2, 2, 3), dtype=np.uint8)
    labels = generator.integers(0, 12, 25, dtype=np.int32)

    def logits(pixels):
        return tf.reshape(pixels, [-1, 12])

    parts = [slice(start, start + 10) for start in (0, 10, 20)]
    batches = [(tf.constant(images[part] / np.float32(255)), tf.constant(labels[part])) for part in parts]
    done = []
    found = streamed_scores(logits, batches, done.append)
    expected = Evaluator(logits, Images(images, labels), 10)()
    assert (found.top1, found.top5, found.examples) == (expected.top1, expected.top5, 25)
    assert found.loss == pytest.approx(expected.loss, rel=1e-6)
    assert done == [10, 20, 25]
