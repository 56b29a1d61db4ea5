"""Waves that lack some channels stand for whole ones."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.edropout.waves import Wave, flat, masked, narrowed, numbers, side_by_side, united, whole

WHOLE = np.arange(1.0, 13.0, dtype=np.float32).reshape(2, 6)


def some(*channels: int) -> Wave:
    """Of WHOLE these channels; a 6 is none of them, and zero."""
    values = np.pad(WHOLE, [(0, 0), (0, 1)])[:, channels]
    return Wave(tf.constant(values), states=1, channels=tf.constant(channels))


def with_zeros(*channels: int) -> np.ndarray:
    return np.where(np.isin(np.arange(6), channels), WHOLE, 0)


@pytest.mark.parametrize(
    ("width", "there", "expected"),
    [
        (6, [1, 4], [1, 4, 6, 6, 6, 6]),
        (20, [0, 19], [0, 19, *14 * [20]]),
        (40, range(17), [*range(17), *15 * [40]]),
        (32, range(16), [*range(16)]),
        (18, range(17), [*range(17), 18]),
    ],
    ids=["few", "up to 16", "up to 32", "a multiple of 16", "up to all"],
)
def test_channels_are_filled_up_to_sixteens_or_to_all(width, there, expected):
    assert numbers(tf.constant(np.isin(np.arange(width), list(there)))).numpy().tolist() == expected


def test_a_whole_wave_has_zeros_where_channels_were_left_out():
    assert whole(some(4, 1, 6), 6).tensor.numpy().tolist() == with_zeros(1, 4).tolist()
    wave = Wave(tf.constant(WHOLE))
    assert whole(wave, 6) is wave


def test_a_narrowed_wave_has_the_channels_asked_for():
    wave = narrowed(Wave(tf.constant(WHOLE)), tf.constant([2, 5, 6]))
    assert wave.states == 1
    assert wave.tensor.numpy().tolist() == some(2, 5, 6).tensor.numpy().tolist()


def test_united_waves_have_the_channels_that_any_has():
    found = united([some(0, 2, 6), some(2, 5)], 6)
    assert all(wave.channels.numpy().tolist() == [0, 2, 5, 6, 6, 6] for wave in found)
    assert [whole(wave, 6).tensor.numpy().tolist() for wave in found] == [
        with_zeros(0, 2).tolist(),
        with_zeros(2, 5).tolist(),
    ]


def test_beside_a_whole_wave_others_are_made_whole():
    wave, other = united([Wave(tf.constant(WHOLE), states=1), some(3)], 6)
    assert wave.tensor.numpy().tolist() == WHOLE.tolist()
    assert other.tensor.numpy().tolist() == with_zeros(3).tolist()


def test_waves_side_by_side_keep_their_places():
    wave = side_by_side([some(4, 6), Wave(tf.constant(WHOLE), states=1), some(0)], [6, 6, 6])
    expected = np.concatenate([with_zeros(4), WHOLE, with_zeros(0)], axis=1)
    assert whole(wave, 18).tensor.numpy().tolist() == expected.tolist()


def test_a_flattened_wave_has_its_channels_at_every_position():
    maps = np.stack([WHOLE, 10 * WHOLE], axis=1)  # [2, positions, channels]
    wave = Wave(tf.constant(maps[..., [1, 3]]), states=1, channels=tf.constant([1, 3]))
    padded = Wave(tf.pad(wave.tensor, [[0, 0], [0, 0], [0, 1]]), states=1, channels=tf.constant([1, 3, 6]))
    expected = np.where(np.isin(np.arange(6), [1, 3]), maps, 0).reshape(2, 12)
    for one in (wave, padded):
        assert whole(flat(one, 6, 12), 12).tensor.numpy().tolist() == expected.tolist()


def test_a_mask_is_of_the_channels_that_are_there():
    bits = tf.constant([[True, True, False, True, True, False]])
    wave = masked(some(2, 4, 6), bits)
    assert whole(wave, 6).tensor.numpy().tolist() == with_zeros(4).tolist()
