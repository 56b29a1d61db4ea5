"""Distillation: the published loss, from a teacher that stays as it is."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.training.objectives.cross_entropy import CrossEntropy
from dsd_tf.training.objectives.distillation import Distillation, SoftenedDivergence

STUDENT_LOGITS = tf.constant([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]])
TEACHER_LOGITS = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 4.0]], np.float32)
LABELS = tf.constant([1, 2])


def flat(classes: int = 3, side: int = 2) -> keras.Model:
    inputs = keras.Input((side, side, 1))
    return keras.Model(inputs, keras.layers.Dense(classes)(keras.layers.Flatten()(inputs)))


def constant_teacher() -> keras.Model:
    """Gives the first image the first row of TEACHER_LOGITS, the second the second."""
    teacher = flat()
    teacher.set_weights([np.vstack([TEACHER_LOGITS, np.zeros((2, 3), np.float32)]), np.zeros(3, np.float32)])
    return teacher


IMAGES = tf.reshape(tf.eye(4)[:2], (2, 2, 2, 1))


def test_the_golden_numbers_of_the_published_loss():
    objective = Distillation(constant_teacher(), flat(), alpha=0.8, temperature=10.0)
    assert float(SoftenedDivergence(10.0)(TEACHER_LOGITS, STUDENT_LOGITS)) == pytest.approx(0.00226511, abs=1e-7)
    assert float(CrossEntropy().loss(IMAGES, LABELS, STUDENT_LOGITS)) == pytest.approx(0.23674493, abs=1e-7)
    # T^2 = 100 times a float32's rounding
    assert float(objective.loss(IMAGES, LABELS, STUDENT_LOGITS)) == pytest.approx(0.22855815, abs=5e-6)


def test_alpha_0_is_cross_entropy_and_alpha_1_leaves_the_labels_out():
    hard = Distillation(constant_teacher(), flat(), alpha=0.0, temperature=4.0)
    soft = Distillation(constant_teacher(), flat(), alpha=1.0, temperature=4.0)
    assert float(hard.loss(IMAGES, LABELS, STUDENT_LOGITS)) == float(
        CrossEntropy().loss(IMAGES, LABELS, STUDENT_LOGITS)
    )
    other_labels = 1 - tf.minimum(LABELS, 1)
    assert float(soft.loss(IMAGES, LABELS, STUDENT_LOGITS)) == float(soft.loss(IMAGES, other_labels, STUDENT_LOGITS))


def test_a_student_equal_to_its_teacher_loses_nothing_to_it():
    objective = Distillation(constant_teacher(), flat(), alpha=1.0, temperature=3.0)
    assert float(objective.loss(IMAGES, LABELS, tf.constant(TEACHER_LOGITS))) == pytest.approx(0, abs=1e-6)


def test_no_gradient_reaches_the_teacher():
    teacher = constant_teacher()
    objective = Distillation(teacher, flat(), alpha=0.5, temperature=2.0)
    with tf.GradientTape() as tape:
        loss = objective.loss(IMAGES, LABELS, STUDENT_LOGITS)
    assert tape.gradient(loss, [weight.value for weight in teacher.weights]) == [None, None]


def test_the_teachers_forward_pass_is_its_cost_per_example():
    assert Distillation(flat(side=3), flat(side=3), alpha=0.5, temperature=2.0).extra_flops == 2 * 9 * 3


@pytest.mark.parametrize(
    "teacher, message",
    [
        (flat(classes=4), r"it has outputs of shape \(4,\), the student \(3,\)"),
        (flat(side=3), r"it takes images of shape \(3, 3, 1\), the student \(2, 2, 1\)"),
    ],
)
def test_a_teacher_for_other_images_or_classes_is_refused(teacher, message):
    with pytest.raises(UsageError, match=message):
        Distillation(teacher, flat(), alpha=0.5, temperature=2.0)
