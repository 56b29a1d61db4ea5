"""Scores of the weights of an untrained network: SNIP, GraSP, SynFlow. Larger ones are to be kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from dsd_tf.errors import UsageError
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.kernels import Kernel

# What GraSP divides logits by: its published code does, the paper does not say it.
GRASP_TEMPERATURE = 200.0

Batches = Sequence[tuple[np.ndarray, np.ndarray]]


def snip(network: keras.Model, kernels: Sequence[Kernel], batches: Batches) -> dict[str, np.ndarray]:
    """|w g| by kernel name, g the gradient of the mean cross-entropy over all batches (Lee et al. 2019, eq. 6).

    Args:
        network: outputs logits; batch normalisation takes the statistics of each batch and stays as it is.
        kernels: what to score.
        batches: float32 images [B, H, W, C] and integer labels [B].
    """
    gradients = _Loss(network, kernels, batches, temperature=1.0).gradients()
    return {kernel.name: np.abs(np.array(kernel.variable) * g) for kernel, g in zip(kernels, gradients, strict=True)}


def grasp(network: keras.Model, kernels: Sequence[Kernel], batches: Batches) -> dict[str, np.ndarray]:
    """w Hg: how much gradient flow the network loses without a weight (Wang et al. 2020, eq. 8, with the sign changed).

    The arguments are those of `snip`; H is the Hessian of the same loss, of logits divided by `GRASP_TEMPERATURE`.
    """
    loss = _Loss(network, kernels, batches, GRASP_TEMPERATURE)
    products = loss.hessian_times(loss.gradients())
    return {kernel.name: np.array(kernel.variable) * p for kernel, p in zip(kernels, products, strict=True)}


class SynFlow:
    """Synaptic flow: |w dR/dw|, R the sum of the outputs of the network of absolute weights for a white image.

    Tanaka et al. 2020, "Pruning neural networks without any data by iteratively conserving synaptic flow", eq. 1. In
    inference mode, in float64 (what the layers of a deep network multiply to is beyond float32), scaled to a largest
    score of 1.
    """

    def __init__(self, network: keras.Model, kernels: Sequence[Kernel]):
        self._twin = keras.models.model_from_json(network.to_json().replace('"float32"', '"float64"'))
        for own, weight in zip(self._twin.weights, network.weights, strict=True):
            own.assign(np.abs(weight) if weight.trainable else weight)
        position = {id(weight): index for index, weight in enumerate(network.weights)}
        self._kernels = {kernel.name: self._twin.weights[position[id(kernel.variable)]] for kernel in kernels}
        self._absolute = {name: np.array(variable) for name, variable in self._kernels.items()}
        self._gradients = tf.function(self._flow_gradients)

    def __call__(self, masks: Masks) -> dict[str, np.ndarray]:
        """The scores under `masks`, by kernel name; outside of them they are 0.

        Raises:
            UsageError: if nothing flows from input to output, or more than float64 can tell.
        """
        for name, variable in self._kernels.items():
            variable.assign(self._absolute[name] * masks[name])
        flows = dict(zip(self._kernels, self._gradients(), strict=True))
        scores = {name: np.array(variable) * np.array(flows[name]) for name, variable in self._kernels.items()}
        largest = max(score.max() for score in scores.values())
        if not 0 < largest < np.inf:
            raise UsageError(f"synaptic flow is {largest:.3g}: synflow cannot rank the weights of this network")
        return {name: score / largest for name, score in scores.items()}

    def _flow_gradients(self) -> list[tf.Tensor]:
        variables = [variable.value for variable in self._kernels.values()]
        with tf.GradientTape() as tape:
            outputs = self._twin(tf.ones([1, *self._twin.input_shape[1:]], tf.float64), training=False)
            flow = tf.reduce_sum(outputs)
        return tape.gradient(flow, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)


class _Loss:
    """The mean cross-entropy over batches as a function of the kernels, in training mode."""

    def __init__(self, network: keras.Model, kernels: Sequence[Kernel], batches: Batches, temperature: float):
        self._network, self._batches, self._temperature = network, batches, temperature
        self._variables = [kernel.variable.value for kernel in kernels]
        self._examples = sum(len(labels) for _, labels in batches)

    def gradients(self) -> list[np.ndarray]:
        return self._summed(tf.function(self._batch_gradients, reduce_retracing=True))

    def hessian_times(self, vectors: Sequence[np.ndarray]) -> list[np.ndarray]:
        vectors = [tf.constant(vector) for vector in vectors]
        return self._summed(
            tf.function(lambda images, labels: self._batch_product(images, labels, vectors), reduce_retracing=True)
        )

    def _summed(self, of_batch: Callable[..., list[tf.Tensor]]) -> list[np.ndarray]:
        sums = [np.zeros(variable.shape, np.float32) for variable in self._variables]
        with _unchanged(self._network.non_trainable_variables):
            for images, labels in self._batches:
                sums = [total + np.array(part) for total, part in zip(sums, of_batch(images, labels), strict=True)]
        return sums

    def _batch_gradients(self, images: tf.Tensor, labels: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            logits = self._network(images, training=True) / self._temperature
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_sum(losses) / self._examples
        return tape.gradient(loss, self._variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    def _batch_product(self, images: tf.Tensor, labels: tf.Tensor, vectors: list[tf.Tensor]) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            gradients = self._batch_gradients(images, labels)
            slope = tf.add_n([tf.reduce_sum(g * v) for g, v in zip(gradients, vectors, strict=True)])
        return tape.gradient(slope, self._variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)


@contextlib.contextmanager
def _unchanged(variables: Sequence[keras.Variable]) -> Iterator[None]:
    """Take back what happens to `variables` inside: moving averages, and the state of dropout."""
    before = [np.array(variable) for variable in variables]
    yield
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
