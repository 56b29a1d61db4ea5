"""Light and weather: worked pixels."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.robustness.corruptions.light import brightness, clouds, contrast, fog, saturate

RANDOM = np.random.default_rng(0)
LEVELS = range(1, 6)


def pixel(*rgb: float) -> np.ndarray:
    return np.array(rgb).reshape(1, 1, -1)


@pytest.mark.parametrize(("severity", "factor"), list(enumerate((0.75, 0.5, 0.4, 0.3, 0.15), start=1)))
def test_contrast_draws_every_channel_to_its_mean(severity, factor):
    image = np.array([[[0.0, 0.2], [1.0, 0.4]]])
    wanted = [[0.5 - 0.5 * factor, 0.3 - 0.1 * factor], [0.5 + 0.5 * factor, 0.3 + 0.1 * factor]]
    np.testing.assert_allclose(contrast(image, severity, RANDOM)[0], wanted)


@pytest.mark.parametrize(("severity", "amount"), list(enumerate((0.05, 0.1, 0.15, 0.2, 0.3), start=1)))
def test_brightness_raises_the_largest_channel_and_keeps_hue_and_saturation(severity, amount):
    scale = (0.5 + amount) / 0.5
    np.testing.assert_allclose(
        brightness(pixel(0.5, 0.25, 0.1), severity, RANDOM), scale * pixel(0.5, 0.25, 0.1), rtol=1e-6
    )
    assert brightness(pixel(0.9, 0.9, 0.9), 5, RANDOM) == pytest.approx(pixel(1, 1, 1))
    assert brightness(pixel(0.4), severity, RANDOM) == pytest.approx(0.4 + amount)


def test_saturation_is_scaled_and_shifted():
    # hue red, value 0.8, saturation 0.5
    image = pixel(0.8, 0.4, 0.4)
    for severity, saturation in zip(LEVELS, (0.15, 0.05, 0.75, 1.0, 1.0), strict=True):
        other = 0.8 * (1 - saturation)
        np.testing.assert_allclose(saturate(image, severity, RANDOM), pixel(0.8, other, other), atol=1e-9)


def test_images_without_colour_have_no_saturation():
    with pytest.raises(UsageError, match="saturate needs colour images, these have 1 channel"):
        saturate(pixel(0.5), 1, RANDOM)


@pytest.mark.parametrize("side", [1, 2, 9, 32])
def test_clouds_reach_from_0_to_1(side):
    field = clouds(side, 2.0, np.random.default_rng(1))
    assert field.shape[0] == field.shape[1] >= side
    assert (field.min(), field.max()) == (0, 1)


def test_clouds_are_smoother_the_faster_their_roughness_falls():
    bends = [np.abs(np.diff(clouds(64, decay, np.random.default_rng(1)), n=2)).mean() for decay in (3.0, 2.0, 1.2)]
    assert bends == sorted(bends)


def test_fog_keeps_the_brightest_value_and_greys_the_image():
    image = np.random.default_rng(0).random((32, 24, 3))
    for severity in LEVELS:
        foggy = fog(image, severity, np.random.default_rng(2))
        assert foggy.shape == image.shape
        assert foggy.max() <= image.max() + 1e-12
    assert fog(image, 5, np.random.default_rng(2)).std(axis=-1).mean() < 0.5 * image.std(axis=-1).mean()
    assert not fog(np.zeros((4, 4, 1)), 5, RANDOM).any()
