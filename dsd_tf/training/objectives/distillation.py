"""Knowledge distillation from a trained teacher."""

from __future__ import annotations

import keras
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.settings import Settings
from dsd_tf.training.kernels import forward_flops
from dsd_tf.training.objectives.objective import Objective, Surroundings


class SoftenedDivergence(keras.losses.Loss):
    """Mean over examples of KL(teacher || student), in nats, of softmaxes at `temperature`.

    Called with the teacher's logits and the student's, both [B, classes].
    """

    def __init__(self, temperature: float):
        super().__init__(name="softened_divergence")
        self._temperature = temperature

    def call(self, y_true, y_pred):
        teacher = tf.nn.log_softmax(y_true / self._temperature)
        student = tf.nn.log_softmax(y_pred / self._temperature)
        return tf.reduce_sum(tf.exp(teacher) * (teacher - student), axis=-1)


class Distillation(Objective):
    """alpha T^2 KL(teacher || student at temperature T) + (1 - alpha) cross-entropy on the labels.

    Hinton et al. 2015 ("Distilling the Knowledge in a Neural Network", section 2) as Quetu & Tartaglione 2024 ("DSD2")
    weight it. The teacher sees the same augmented images as the student, in inference mode, and is not trained.

    Raises:
        UsageError: if the teacher takes other images than the student, or has another number of classes.
    """

    def __init__(self, teacher: keras.Model, student: keras.Model, alpha: float, temperature: float):
        _check_fits(teacher, student)
        self._teacher, self._alpha, self._temperature = teacher, alpha, temperature
        self._divergence = SoftenedDivergence(temperature)
        self._cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.extra_flops = forward_flops(teacher)

    def loss(self, images, labels, logits):
        soft = self._divergence(tf.stop_gradient(self._teacher(images, training=False)), logits)
        hard = self._cross_entropy(labels, logits)
        return self._alpha * self._temperature**2 * soft + (1 - self._alpha) * hard


def _check_fits(teacher: keras.Model, student: keras.Model) -> None:
    for what, of_teacher, of_student in (
        ("takes images of", teacher.input_shape[1:], student.input_shape[1:]),
        ("has outputs of", teacher.output_shape[1:], student.output_shape[1:]),
    ):
        if of_teacher != of_student:
            raise UsageError(f"it {what} shape {of_teacher}, the student {of_student}: they must be the same")


def make(settings: Settings, surroundings: Surroundings) -> Distillation:
    """Distillation from the network that `--teacher` names."""
    if not settings.teacher:
        raise UsageError("--objective=distill needs --teacher=RUN_DIR or --teacher=FILE.keras")
    teacher = surroundings.open_network(settings.teacher)
    try:
        return Distillation(teacher, surroundings.network, settings.kd_alpha, settings.kd_temperature)
    except UsageError as error:
        raise UsageError(f"--teacher={settings.teacher}: {error}") from error
