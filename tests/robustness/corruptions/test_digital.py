"""Loss in storage: boxes of pixels, and JPEG."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.robustness.corruptions.digital import jpeg_compression, pixelate

RANDOM = np.random.default_rng(0)
IMAGE = np.random.default_rng(1).integers(0, 256, (32, 32, 3)) / 255


def test_pixelate_leaves_only_as_many_rows_as_its_scale_says():
    for severity, rows in zip(range(1, 6), (30, 28, 27, 24, 20), strict=True):
        changed = pixelate(IMAGE, severity, RANDOM)
        assert len({row.tobytes() for row in changed}) == rows


@pytest.mark.parametrize("corrupt", [pixelate, jpeg_compression])
def test_a_constant_image_stays_what_it_is_in_any_shape(corrupt):
    for shape in ((8, 8, 1), (16, 24, 3)):
        np.testing.assert_allclose(corrupt(np.full(shape, 0.4), 5, RANDOM), 0.4, atol=1 / 255)


def test_a_lower_quality_loses_more():
    smooth = np.linspace(0, 1, 32)[:, None, None] * np.linspace(0, 1, 32)[None, :, None] * np.ones(3)
    noisy = 0.5 * smooth + 0.5 * IMAGE
    lost = [np.abs(jpeg_compression(noisy, severity, RANDOM) - noisy).mean() for severity in range(1, 6)]
    assert lost == sorted(lost) and lost[0] > 0
