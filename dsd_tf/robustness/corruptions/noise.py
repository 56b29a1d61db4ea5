"""Noise of sensors and transmission."""

from __future__ import annotations

import numpy as np

_SIGMA = (0.04, 0.06, 0.08, 0.09, 0.10)
_PHOTONS = (500, 250, 100, 75, 50)
_SHARE = (0.01, 0.02, 0.03, 0.05, 0.07)
_SPECKLE = (0.06, 0.10, 0.12, 0.16, 0.20)


def gaussian_noise(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """Normal noise added."""
    return image + random.normal(scale=_SIGMA[severity - 1], size=image.shape)


def shot_noise(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """Counts of a Poisson process whose mean is the pixel times a number of photons, divided by that number."""
    photons = _PHOTONS[severity - 1]
    return random.poisson(image * photons) / photons


def impulse_noise(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """Salt and pepper: a share of the values turned to 0 or 1, each as likely."""
    hit = random.random(image.shape) < _SHARE[severity - 1]
    return np.where(hit, random.integers(0, 2, image.shape), image)


def speckle_noise(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """Normal noise in proportion to the pixel added."""
    return image + image * random.normal(scale=_SPECKLE[severity - 1], size=image.shape)
