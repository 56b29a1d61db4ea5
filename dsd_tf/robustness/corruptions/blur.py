"""Blur of lenses."""

from __future__ import annotations

import functools

import numpy as np
from scipy import ndimage

_SIGMA = (0.4, 0.6, 0.7, 0.8, 1.0)
# radius of the disk, and deviation of the Gaussian that softens its edge
_DISK = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1))
_REACH = 2  # of the softened disks above


def gaussian_blur(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """A Gaussian, the border repeated."""
    sigma = _SIGMA[severity - 1]
    return ndimage.gaussian_filter(image, sigma=(sigma, sigma, 0), mode="nearest")


def defocus_blur(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """A soft-edged disk, the image mirrored at its border."""
    return ndimage.correlate(image, disk(*_DISK[severity - 1])[:, :, None], mode="mirror")


@functools.cache
def disk(radius: float, softness: float) -> np.ndarray:
    """A disk of that radius, blurred by a 3x3 Gaussian of deviation `softness`: [5, 5], of sum 1."""
    across = np.arange(-_REACH, _REACH + 1)
    inside = (across[:, None] ** 2 + across**2 <= radius**2).astype(np.float64)
    bell = np.exp(-(np.array([-1, 0, 1]) ** 2) / (2 * softness**2))
    bell /= bell.sum()
    return ndimage.correlate(inside / inside.sum(), np.outer(bell, bell), mode="constant")
