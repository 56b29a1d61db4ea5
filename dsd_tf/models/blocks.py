"""The layers every family is made of, with PyTorch's padding, batch norm and initialisation."""

from __future__ import annotations

from dataclasses import dataclass

from keras import KerasTensor, layers

from dsd_tf import randomness
from dsd_tf.errors import UsageError
from dsd_tf.models.initializers import SDD, Scheme
from dsd_tf.models.options import ModelOptions

# TensorFlow 2.21 writes past its memory on a CPU in the kernel gradients of 1x1 convolutions that stride over fewer
# channels, in batches of odd size
_SAFE_CHANNELS = 16


def require_side(images: KerasTensor, least: int, model: str) -> None:
    """Raises UsageError if an image has fewer than `least` rows or columns."""
    height, width = images.shape[1:3]
    if min(height, width) < least:
        raise UsageError(f"{model} needs images of at least {least}x{least} pixels, got {height}x{width}")


def relu(x: KerasTensor, name: str) -> KerasTensor:
    """A rectifier that is a layer of its own, so that its input can be observed."""
    return layers.ReLU(name=name)(x)


def _padded(x: KerasTensor, window: int, name: str) -> KerasTensor:
    # padding="same" would pad an even-sized image at the bottom and right only when it strides.
    return layers.ZeroPadding2D(window // 2, name=f"{name}_pad")(x) if window > 1 else x


def padded_max_pool(x: KerasTensor, name: str) -> KerasTensor:
    """3x3 max-pool of stride 2 that pads one zero on every side; for inputs that are not negative."""
    return layers.MaxPooling2D(3, 2, name=name)(_padded(x, 3, name))


@dataclass(frozen=True)
class Blocks:
    """Makes the layers of one network; every tensor draws from a stream of its own, named after it."""

    options: ModelOptions
    seed: int
    default: Scheme

    @property
    def scheme(self) -> Scheme:
        """The initialisation in force."""
        return SDD if self.options.initializer == "sdd" else self.default

    def width(self, units: int) -> int:
        """A hidden width after the width multiplier."""
        return max(1, round(units * self.options.width))

    def conv(
        self,
        x: KerasTensor,
        filters: int,
        size: int,
        name: str,
        strides: int = 1,
        use_bias: bool = False,
        pad: bool = True,
    ) -> KerasTensor:
        """size x size convolution, odd size; `pad` puts size // 2 zeros on every side, as PyTorch does."""
        if size == 1 < strides and x.shape[-1] < _SAFE_CHANNELS:
            # picks the places that the convolution would: a pool of one
            x, strides = layers.MaxPooling2D(1, strides, name=f"{name}_places")(x), 1
        same = pad and strides == 1
        layer = layers.Conv2D(
            filters,
            size,
            strides,
            padding="same" if same else "valid",
            use_bias=use_bias,
            name=name,
            kernel_initializer=self.scheme.conv(self._stream(name, "kernel")),
            bias_initializer=self.scheme.bias(size**2 * x.shape[-1], self._stream(name, "bias")),
        )
        return layer(_padded(x, size, name) if pad and not same else x)

    def dense(self, x: KerasTensor, units: int, name: str) -> KerasTensor:
        """Dense layer with bias on (batch, features)."""
        return layers.Dense(
            units,
            name=name,
            kernel_initializer=self.scheme.dense(self._stream(name, "kernel")),
            bias_initializer=self.scheme.bias(x.shape[-1], self._stream(name, "bias")),
        )(x)

    def batch_norm(self, x: KerasTensor, name: str) -> KerasTensor:
        """Batch norm with PyTorch's constants: its momentum 0.1 weighs the new batch, Keras' 0.9 the past."""
        return layers.BatchNormalization(
            momentum=0.9,
            epsilon=1e-5,
            synchronized=self.options.synchronized,
            name=name,
            gamma_initializer=self.scheme.gamma(self._stream(name, "gamma")),
        )(x)

    def _stream(self, layer: str, tensor: str) -> int:
        return randomness.integer(self.seed, f"init/{layer}/{tensor}")
