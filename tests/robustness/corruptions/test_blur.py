"""Blur: beside OpenCV, which the published sets were made with."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.robustness.corruptions.blur import defocus_blur, disk, gaussian_blur

IMAGE = np.random.default_rng(0).random((12, 10, 3))
RANDOM = np.random.default_rng(0)
SIGMA = (0.4, 0.6, 0.7, 0.8, 1.0)
DISKS = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1))


@pytest.fixture(scope="module")
def cv2():
    return pytest.importorskip("cv2")


@pytest.mark.parametrize(("severity", "sigma"), list(enumerate(SIGMA, start=1)))
def test_gaussian_blur_is_opencvs_of_the_published_deviation(cv2, severity, sigma):
    width = 2 * int(4 * sigma + 0.5) + 1
    wanted = cv2.GaussianBlur(IMAGE, (width, width), sigma, borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(gaussian_blur(IMAGE, severity, RANDOM), wanted, atol=1e-10)


@pytest.mark.parametrize(("severity", "radius_and_softness"), list(enumerate(DISKS, start=1)))
def test_defocus_blur_is_opencvs_with_the_published_disk(cv2, severity, radius_and_softness):
    radius, softness = radius_and_softness
    across = np.arange(-8, 9)
    inside = np.array(across[:, None] ** 2 + across**2 <= radius**2, np.float64)
    kernel = cv2.GaussianBlur(inside / inside.sum(), ksize=(3, 3), sigmaX=softness)
    wanted = np.stack([cv2.filter2D(IMAGE[..., channel], -1, kernel) for channel in range(3)], axis=-1)
    np.testing.assert_allclose(defocus_blur(IMAGE, severity, RANDOM), wanted, atol=1e-10)


def test_a_disk_of_radius_one_is_a_plus_with_a_touch_of_softness():
    kernel = disk(1.0, 0.2)
    assert kernel.shape == (5, 5)
    assert kernel.sum() == pytest.approx(1)
    np.testing.assert_allclose(kernel[1:4, 1:4], [[0, 0.2, 0], [0.2, 0.2, 0.2], [0, 0.2, 0]], atol=1e-5)


def test_a_constant_image_stays_constant_to_its_border():
    for blur in (gaussian_blur, defocus_blur):
        np.testing.assert_allclose(blur(np.full((6, 6, 1), 0.3), 5, RANDOM), 0.3)
