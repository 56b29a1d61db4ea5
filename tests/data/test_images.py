import numpy as np
import pytest

from dsd_tf.data.images import Images, check_labels
from dsd_tf.errors import UsageError


def three_images(ids=None) -> Images:
    pixels = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1)
    return Images(pixels, np.array([7, 8, 9], np.int32), ids)


def test_take_gives_the_examples_in_the_order_asked_for():
    taken = three_images(np.array(["a", "b", "c"])).take(np.array([2, 0]))
    assert taken.images.ravel().tolist() == [2, 0]
    assert taken.labels.tolist() == [9, 7]
    assert taken.ids.tolist() == ["c", "a"]
    assert len(taken) == 2


def test_take_copies_so_that_changing_a_subset_leaves_the_set_alone():
    images = three_images()
    images.take(np.array([0])).images[:] = 99
    assert images.images.ravel().tolist() == [0, 1, 2]


def test_a_set_without_ids_has_none_after_take():
    assert three_images().take(np.array([1])).ids is None


def test_noisy_labels_keep_their_true_ones_beside_them():
    images = three_images()
    noisy = Images(images.images, np.array([7, 0, 9], np.int32), None, images.labels)
    taken = noisy.take(np.array([1, 2]))
    assert (taken.labels.tolist(), taken.clean_labels.tolist()) == ([0, 9], [8, 9])
    assert taken.wrong.tolist() == [True, False]


def test_labels_as_they_were_given_are_all_taken_for_true():
    taken = three_images().take(np.array([1, 2]))
    assert taken.clean_labels is None
    assert taken.wrong.tolist() == [False, False]


def test_labels_in_range_pass():
    check_labels(np.array([0, 1, 2]), 3, "here")


@pytest.mark.parametrize("labels, first", [([0, 3, 1, 4], "3 at index 1"), ([2, 2, -1, 5], "-1 at index 2")])
def test_labels_out_of_range_are_counted_and_the_first_is_named(labels, first):
    with pytest.raises(UsageError) as caught:
        check_labels(np.array(labels), 3, "data set 'x', train split")
    assert str(caught.value) == (f"data set 'x', train split: 2 of 4 labels are outside [0, 3), the first is {first}")
