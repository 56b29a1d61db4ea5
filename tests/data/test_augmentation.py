import numpy as np
import tensorflow as tf

from dsd_tf.data.augmentation import crop_flip, crop_flip_rotate, crop_rotate, cut, none, rotate
from dsd_tf.registry import AUGMENTATIONS, resolve

SEED = tf.constant([3, 4])


def numbered(batch=1, height=3, width=4, channels=2):
    """Pixels 1, 2, 3 ..., so that each is told from every other and from black."""
    count = batch * height * width * channels
    return np.arange(1, count + 1, dtype=np.uint8).reshape(batch, height, width, channels)


def cut_one(image, flip, top, left):
    return cut(tf.constant(image), tf.constant([flip]), tf.constant([top]), tf.constant([left])).numpy()


def test_the_middle_cut_is_the_image():
    assert np.array_equal(cut_one(numbered(), False, 4, 4), numbered())


def test_a_flip_mirrors_columns_and_nothing_else():
    image = np.array([[1, 2, 3], [4, 5, 6]], np.uint8).reshape(1, 2, 3, 1)
    assert cut_one(image, True, 4, 4)[0, ..., 0].tolist() == [[3, 2, 1], [6, 5, 4]]


def test_a_cut_further_down_and_right_moves_the_image_up_and_left():
    image = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8).reshape(1, 3, 3, 1)
    assert cut_one(image, False, 5, 6)[0, ..., 0].tolist() == [[6, 0, 0], [9, 0, 0], [0, 0, 0]]
    assert cut_one(image, False, 3, 2)[0, ..., 0].tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 4]]


def test_the_flip_comes_before_the_cut():
    image = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8).reshape(1, 3, 3, 1)
    assert cut_one(image, True, 4, 5)[0, ..., 0].tolist() == [[2, 1, 0], [5, 4, 0], [8, 7, 0]]


def test_a_corner_cut_of_a_small_image_is_black():
    for top, left in ((0, 0), (0, 8), (8, 0), (8, 8)):
        assert not cut_one(numbered(), False, top, left).any()


def test_every_cut_equals_flip_pad_slice_in_numpy():
    images = numbered(batch=5)
    generator = np.random.default_rng(0)
    for _ in range(20):
        flip, top, left = generator.integers(0, 2, 5) == 1, *generator.integers(0, 9, (2, 5), dtype=np.int32)
        flipped = np.where(flip[:, None, None, None], images[:, :, ::-1], images)
        padded = np.pad(flipped, [(0, 0), (4, 4), (4, 4), (0, 0)])
        expected = [padded[i, top[i] : top[i] + 3, left[i] : left[i] + 4] for i in range(5)]
        assert np.array_equal(cut(tf.constant(images), flip, top, left), expected)


def test_crop_flip_uses_both_directions_and_every_offset_equally_often():
    image = np.zeros((1, 20, 20, 1), np.uint8)
    image[0, 9, 9] = 255
    count = 20000
    changed = crop_flip(tf.repeat(tf.constant(image), count, axis=0), SEED).numpy()[..., 0]
    _, rows, columns = np.nonzero(changed)
    assert len(rows) == count, "the pixel never leaves a cut of this size"
    assert np.unique(rows).tolist() == list(range(5, 14))
    assert np.unique(columns).tolist() == list(range(5, 15)), "9 plain, mirrored 10, each moved by -4 to 4"
    assert np.abs(np.bincount(rows - 5) / count - 1 / 9).max() < 0.01
    expected = np.array([1, *[2] * 8, 1]) / 18
    assert np.abs(np.bincount(columns - 5) / count - expected).max() < 0.01


def test_crop_flip_depends_on_the_seed_alone():
    images = tf.constant(numbered(batch=16))
    assert np.array_equal(crop_flip(images, SEED), crop_flip(images, SEED))
    assert not np.array_equal(crop_flip(images, SEED), crop_flip(images, SEED + 1))


def test_images_of_a_batch_are_changed_independently():
    same = tf.repeat(tf.constant(numbered(height=9, width=9)), 32, axis=0)
    assert len(np.unique(crop_flip(same, SEED), axis=0)) > 16


def rotated(image: np.ndarray, degrees: float) -> np.ndarray:
    return rotate(tf.constant(image), tf.constant([degrees])).numpy()


def test_a_quarter_turn_is_counter_clockwise_and_half_a_turn_mirrors_both_sides():
    image = numbered(height=5, width=5)
    assert np.array_equal(rotated(image, 0.0), image)
    assert np.array_equal(rotated(image, 90.0)[0], np.rot90(image[0]))
    assert np.array_equal(rotated(image, 180.0), image[:, ::-1, ::-1])


def test_what_a_rotation_brings_in_from_outside_is_black():
    turned = rotated(numbered(height=9, width=9), 45.0)[0, ..., 0] > 0
    assert turned[4].all() and turned[:, 4].all()
    assert not turned[[0, 0, 8, 8], [0, 8, 0, 8]].any()


def test_each_image_of_a_batch_is_rotated_by_its_own_angle():
    image = numbered(height=4, width=4)
    turned = rotate(tf.repeat(tf.constant(image), 2, axis=0), tf.constant([90.0, 180.0])).numpy()
    assert np.array_equal(turned[:1], rotated(image, 90.0)) and np.array_equal(turned[1:], rotated(image, 180.0))


def turns(augmentation) -> tuple[np.ndarray, np.ndarray]:
    """How far a centre with two arms is turned, in degrees + 10, and whether it was mirrored, where it can be seen."""
    image = np.zeros((1, 41, 41, 1), np.uint8)
    image[0, 20, 20], image[0, 20, 28], image[0, 12, 20] = 10, 20, 30
    angles, mirrored = [], []
    for one in augmentation(tf.repeat(tf.constant(image), 300, axis=0), SEED).numpy()[..., 0]:
        found = [np.argwhere(one == value) for value in (10, 20, 30)]
        if all(map(len, found)):
            centre, right, up = (places[0] for places in found)
            (y, x), (other_y, other_x) = right - centre, up - centre
            angles.append(np.degrees(np.arctan2(-y, x)))
            mirrored.append(x * other_y - y * other_x > 0)
    return (np.array(angles) + 10) % 360, np.array(mirrored)


def test_rotation_is_by_up_to_half_a_circle():
    angles, mirrored = turns(crop_rotate)
    assert len(angles) > 100 and not mirrored.any()
    assert angles.max() < 200 and np.ptp(angles) > 160


def test_half_of_the_images_are_mirrored_before_they_are_rotated():
    _, mirrored = turns(crop_flip_rotate)
    assert 0.4 < mirrored.mean() < 0.6


def test_none_changes_nothing():
    assert np.array_equal(none(tf.constant(numbered()), SEED), numbered())


def test_every_augmentation_keeps_shape_and_type_in_a_graph():
    for name in AUGMENTATIONS:
        augmentation = resolve("augmentation", AUGMENTATIONS, name)
        changed = tf.function(augmentation)(tf.constant(numbered(batch=3)), SEED)
        assert changed.shape == (3, 3, 4, 2) and changed.dtype == tf.uint8
