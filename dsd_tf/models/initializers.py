"""How the papers' networks start, in plain Keras initialisers: a saved model needs nothing of ours.

Each function takes the seed of one tensor's own stream.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from keras import initializers

KernelInitializer = Callable[[int], initializers.Initializer]
BiasInitializer = Callable[[int, int], initializers.Initializer]


def fan_in_normal(seed: int) -> initializers.Initializer:
    """N(0, 2 / fan_in): He et al., ICCV 2015."""
    return initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal", seed)


def fan_out_normal(seed: int) -> initializers.Initializer:
    """N(0, 2 / fan_out): He et al., ICCV 2015, the backward form that torchvision uses."""
    return initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal", seed)


def torch_uniform(seed: int) -> initializers.Initializer:
    """U(-1 / sqrt(fan_in), 1 / sqrt(fan_in)): PyTorch's default for kernels."""
    return initializers.VarianceScaling(1 / 3, "fan_in", "uniform", seed)


def narrow_normal(seed: int) -> initializers.Initializer:
    """N(0, 0.01**2): Simonyan & Zisserman, ICLR 2015."""
    return initializers.RandomNormal(0.0, 0.01, seed)


def torch_bias(fan_in: int, seed: int) -> initializers.Initializer:
    """U(-1 / sqrt(fan_in), 1 / sqrt(fan_in)), fan_in that of the kernel: PyTorch's default for biases."""
    return initializers.RandomUniform(-(fan_in**-0.5), fan_in**-0.5, seed)


def zero_bias(_fan_in: int, _seed: int) -> initializers.Initializer:
    """Zeros, whatever the layer."""
    return initializers.Zeros()


@dataclass(frozen=True)
class Scheme:
    """Where the weights of one network start; batch-norm offsets always start at zero."""

    conv: KernelInitializer
    dense: KernelInitializer
    bias: BiasInitializer = torch_bias
    uniform_gamma: bool = False

    def gamma(self, seed: int) -> initializers.Initializer:
        """Batch-norm scales: U(0, 1), or ones."""
        return initializers.RandomUniform(0.0, 1.0, seed) if self.uniform_gamma else initializers.Ones()


# The sparse double descent paper says zero biases; the code behind its results leaves PyTorch's default.
SDD = Scheme(conv=fan_in_normal, dense=fan_in_normal, uniform_gamma=True)
