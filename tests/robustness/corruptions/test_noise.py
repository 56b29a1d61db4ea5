"""Noise: the published amounts, measured on large grey images."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.robustness.corruptions import noise

GREY = np.full((200, 200, 3), 0.25)


def corrupted(kind, severity, image=GREY) -> np.ndarray:
    return kind(image, severity, np.random.default_rng(severity))


@pytest.mark.parametrize(("severity", "sigma"), list(enumerate((0.04, 0.06, 0.08, 0.09, 0.10), start=1)))
def test_gaussian_noise_has_the_published_deviation(severity, sigma):
    changed = corrupted(noise.gaussian_noise, severity)
    assert changed.std() == pytest.approx(sigma, rel=0.02)
    assert changed.mean() == pytest.approx(0.25, abs=2e-3)


@pytest.mark.parametrize(("severity", "photons"), list(enumerate((500, 250, 100, 75, 50), start=1)))
def test_shot_noise_counts_photons(severity, photons):
    changed = corrupted(noise.shot_noise, severity)
    np.testing.assert_allclose(changed * photons, np.round(changed * photons))
    assert changed.var() == pytest.approx(0.25 / photons, rel=0.05)


@pytest.mark.parametrize(("severity", "share"), list(enumerate((0.01, 0.02, 0.03, 0.05, 0.07), start=1)))
def test_impulse_noise_turns_a_share_black_or_white(severity, share):
    changed = corrupted(noise.impulse_noise, severity)
    black, white = (np.mean(changed == value) for value in (0, 1))
    assert black + white == pytest.approx(share, rel=0.05)
    assert black == pytest.approx(white, rel=0.1)
    assert black + white + np.mean(changed == 0.25) == 1


@pytest.mark.parametrize(("severity", "sigma"), list(enumerate((0.06, 0.10, 0.12, 0.16, 0.20), start=1)))
def test_speckle_noise_is_in_proportion_to_the_pixel(severity, sigma):
    assert corrupted(noise.speckle_noise, severity).std() == pytest.approx(0.25 * sigma, rel=0.02)
    assert not corrupted(noise.speckle_noise, severity, np.zeros((4, 4, 3))).any()
