"""Loss in storage."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

_SCALE = (0.95, 0.9, 0.85, 0.75, 0.65)
_QUALITY = (80, 65, 58, 50, 40)


def pixelate(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """Shrunk and enlarged again, both by averages over boxes."""
    height, width = image.shape[:2]
    small = (int(width * _SCALE[severity - 1]), int(height * _SCALE[severity - 1]))
    picture = _picture(image).resize(small, Image.Resampling.BOX)
    return _pixels(picture.resize((width, height), Image.Resampling.BOX), image.shape)


def jpeg_compression(image: np.ndarray, severity: int, random: np.random.Generator) -> np.ndarray:
    """Written as JPEG and read again."""
    stored = io.BytesIO()
    _picture(image).save(stored, "JPEG", quality=_QUALITY[severity - 1])
    return _pixels(Image.open(stored), image.shape)


def _picture(image: np.ndarray) -> Image.Image:
    values = np.round(image * 255).astype(np.uint8)
    return Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values)


def _pixels(picture: Image.Image, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(picture).reshape(shape) / 255
