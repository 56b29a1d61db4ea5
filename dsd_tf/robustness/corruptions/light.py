"""Light and weather."""

from __future__ import annotations

import numpy as np

from dsd_tf.errors import UsageError

_CONTRAST = (0.75, 0.5, 0.4, 0.3, 0.15)
_BRIGHTNESS = (0.05, 0.1, 0.15, 0.2, 0.3)
_SATURATION = ((0.3, 0.0), (0.1, 0.0), (1.5, 0.0), (2.0, 0.1), (2.5, 0.2))
# strength, and by how much the roughness of the clouds falls from one scale to the next
_FOG = ((0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75))


def contrast(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """Every channel drawn towards its mean."""
    mean = image.mean(axis=(0, 1))
    return (image - mean) * _CONTRAST[severity - 1] + mean


def brightness(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """The value of HSV raised; of grey images the grey."""
    amount = _BRIGHTNESS[severity - 1]
    if image.shape[-1] != 3:
        return image + amount
    hsv = _to_hsv(image)
    hsv[..., 2] = np.clip(hsv[..., 2] + amount, 0, 1)
    return _to_rgb(hsv)


def saturate(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """The saturation of HSV scaled and shifted; UsageError for images without colour."""
    if image.shape[-1] != 3:
        raise UsageError(f"corruption saturate needs colour images, these have {image.shape[-1]} channel")
    scale, shift = _SATURATION[severity - 1]
    hsv = _to_hsv(image)
    hsv[..., 1] = np.clip(hsv[..., 1] * scale + shift, 0, 1)
    return _to_rgb(hsv)


def fog(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """A fractal cloud added, and the sum brought back to the image's brightest value."""
    strength, decay = _FOG[severity - 1]
    height, width = image.shape[:2]
    brightest = image.max()
    mist = clouds(max(height, width), decay, random)[:height, :width, None]
    return (image + strength * mist) * brightest / max(brightest + strength, 1e-12)


def clouds(side: int, decay: float, random: np.random.Generator) -> np.ndarray:
    """A plasma fractal of values in [0, 1]: [size, size], the size the least power of two that is not below `side`.

    Diamond-square subdivision (Fournier, Fussell & Carpenter 1982) on a torus: each new point is the mean of four
    neighbours, displaced by up to the squared roughness of its scale, which is divided by `decay` from one to the next.
    """
    size = 1 << max(side - 1, 1).bit_length()
    field, step, roughness = np.zeros((size, size)), size, 1.0

    def displaced(sums: np.ndarray) -> np.ndarray:
        return sums / 4 + random.uniform(-(roughness**2), roughness**2, sums.shape)

    while step > 1:
        half = step // 2
        corners = field[::step, ::step]
        pairs = corners + np.roll(corners, -1, axis=0)
        field[half::step, half::step] = displaced(pairs + np.roll(pairs, -1, axis=1))
        centres = field[half::step, half::step]
        beside = corners + np.roll(corners, -1, axis=1)
        field[::step, half::step] = displaced(beside + centres + np.roll(centres, 1, axis=0))
        above = corners + np.roll(corners, -1, axis=0)
        field[half::step, ::step] = displaced(above + centres + np.roll(centres, 1, axis=1))
        step, roughness = half, roughness / decay
    field -= field.min()
    return field / field.max()


def _to_hsv(image: np.ndarray) -> np.ndarray:
    from matplotlib.colors import rgb_to_hsv

    return rgb_to_hsv(image)


def _to_rgb(image: np.ndarray) -> np.ndarray:
    from matplotlib.colors import hsv_to_rgb

    return hsv_to_rgb(image)
