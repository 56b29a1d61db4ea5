import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.pixels import Square, channel_statistics, decode


def test_channel_statistics_of_two_pixels_by_hand():
    pixels = np.array([[0, 255, 51], [255, 255, 102]], np.uint8).reshape(2, 1, 1, 3)
    mean, std = channel_statistics(pixels)
    assert mean == pytest.approx((0.5, 1.0, 0.3), abs=1e-15)
    assert std == pytest.approx((0.5, 1.0, 0.1), abs=1e-15), "a constant channel has 1, not 0"


def test_channel_statistics_equal_numpy_on_more_images_than_fit_one_chunk():
    images = np.random.default_rng(0).integers(0, 256, (2500, 3, 2, 2), dtype=np.uint8)
    mean, std = channel_statistics(images)
    assert mean == pytest.approx((images / 255).mean(axis=(0, 1, 2)), rel=1e-12)
    assert std == pytest.approx((images / 255).std(axis=(0, 1, 2)), rel=1e-12)


def test_a_square_of_the_same_size_keeps_every_pixel():
    image = np.random.default_rng(1).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    assert np.array_equal(Square(5, 5)(image), image)


def test_a_square_cuts_the_centre():
    wide = np.tile(np.arange(6, dtype=np.uint8)[None, :, None], (2, 1, 1))
    assert Square(2, 2)(wide)[..., 0].numpy().tolist() == [[2, 3], [2, 3]]
    assert Square(2, 2)(wide.transpose(1, 0, 2))[..., 0].numpy().tolist() == [[2, 2], [3, 3]]


@pytest.mark.parametrize("long_side, first", [(5, 2), (7, 2), (9, 4)])
def test_half_a_pixel_of_offset_goes_to_the_even_number_as_in_torchvision(long_side, first):
    wide = np.tile(np.arange(long_side, dtype=np.uint8)[None, :, None], (2, 1, 1))
    assert Square(2, 2)(wide)[0, 0, 0].numpy() == first


def test_the_shorter_side_is_scaled_before_the_cut():
    image = np.repeat(np.repeat(np.array([[0, 100], [200, 40]], np.uint8), 4, 0), 6, 1)[..., None]
    assert Square(4, 2)(image).shape == (2, 2, 1)
    assert Square(2, 2)(np.full((30, 20, 3), 77, np.uint8)).numpy().tolist() == np.full((2, 2, 3), 77).tolist()


def test_shrinking_averages_instead_of_skipping_pixels():
    stripes = np.tile(np.array([0, 200], np.uint8), 8)[None, :, None].repeat(16, 0)
    shrunk = Square(4, 4)(stripes).numpy()
    assert np.abs(shrunk[:, 1:3].astype(int) - 100).max() <= 15


def test_a_batch_is_cut_like_each_of_its_images():
    images = np.random.default_rng(2).integers(0, 256, (3, 9, 12, 3), dtype=np.uint8)
    assert np.array_equal(Square(6, 4)(images), np.stack([Square(6, 4)(image) for image in images]))


def test_decode_turns_grey_into_colour_and_checks_the_shape():
    grey = np.array([[1, 2], [3, 4]], np.uint8)[..., None]
    png = tf.io.encode_png(grey)
    assert np.array_equal(decode(png, (2, 2, 3), None), grey.repeat(3, axis=2))
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode(png, (3, 3, 3), None)
