import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dsd_tf.data.augmentation import crop_flip
from dsd_tf.data.epochs import Epochs
from dsd_tf.data.feed import TrainFeed, resident
from dsd_tf.data.images import Images
from dsd_tf.errors import UsageError


def numbered(count: int) -> Images:
    """Image i is labelled i and starts with the pixels i, i + 1, ... (modulo 256)."""
    labels = np.arange(count, dtype=np.int32)
    return Images((labels[:, None, None, None] + np.arange(12).reshape(2, 3, 2)).astype(np.uint8), labels)


def feed_of(count=20, batch_size=4, *, seed=0, augmentation="none", replays=1) -> TrainFeed:
    return TrainFeed(numbered(count), batch_size, seed=seed, augmentation=augmentation, replays=replays)


def read(feed: TrainFeed, epoch: int, start: int = 0, stop: int | None = None):
    feed.set_epoch(epoch, start, stop)
    steps = [feed.next_batch() for _ in range(int(feed.to_come()))]
    return [tuple(part.numpy() for part in feed.examples(step)) for step in steps]


def same(batches_a, batches_b) -> bool:
    return len(batches_a) == len(batches_b) and all(
        np.array_equal(xa, xb) and np.array_equal(ya, yb)
        for (xa, ya), (xb, yb) in zip(batches_a, batches_b, strict=True)
    )


def labels_of(read_batches) -> list[int]:
    return np.concatenate([y for _, y in read_batches]).tolist()


@settings(max_examples=15)
@given(count=st.integers(1, 40), batch_size=st.integers(1, 45), epoch=st.integers(0, 3))
def test_every_example_comes_once_in_an_epoch(count, batch_size, epoch):
    feed = feed_of(count, batch_size)
    epoch_batches = read(feed, epoch)
    assert sorted(labels_of(epoch_batches)) == list(range(count))
    assert [len(y) for _, y in epoch_batches[:-1]] == [batch_size] * (feed.steps_per_epoch - 1)
    assert len(epoch_batches) == feed.steps_per_epoch == -(-count // batch_size)


def test_images_are_the_bytes_over_255_beside_their_labels():
    source = numbered(20)
    for x, y in read(feed_of(), 0):
        assert x.dtype == np.float32 and y.dtype == np.int32
        assert np.array_equal(x, source.images[y].astype(np.float32) / np.float32(255))


def test_epochs_differ_in_order():
    feed = feed_of()
    assert labels_of(read(feed, 0)) != labels_of(read(feed, 1))


def test_seeds_differ_in_order():
    assert labels_of(read(feed_of(seed=0), 0)) != labels_of(read(feed_of(seed=1), 0))


@pytest.mark.parametrize("augmentation", ["none", "crop_flip"])
def test_an_epoch_is_the_same_whether_or_not_others_were_read_before(augmentation):
    feed = feed_of(augmentation=augmentation)
    for epoch in (0, 1, 2):
        in_turn = read(feed, epoch)
    assert same(in_turn, read(feed_of(augmentation=augmentation), 2))


@pytest.mark.parametrize("start, stop", [(0, 3), (2, 4), (3, None), (0, None), (4, 5)])
def test_a_part_of_an_epoch_is_that_slice_of_the_whole(start, stop):
    feed = feed_of(18, augmentation="crop_flip")
    whole = read(feed, 7)
    assert len(whole) == 5
    assert same(read(feed, 7, start, stop), whole[start:stop])


def test_batches_are_counted_down_as_they_are_taken():
    feed = feed_of(18)
    feed.set_epoch(0, 1, 4)
    assert [(int(feed.to_come()), int(feed.next_batch())) for _ in range(3)] == [(3, 1), (2, 2), (1, 3)]
    assert int(feed.to_come()) == 0


def test_a_graph_that_was_traced_once_follows_the_epochs():
    feed = feed_of(augmentation="crop_flip")
    in_graph = tf.function(lambda: feed.examples(feed.next_batch()))
    for epoch in (0, 3, 1):
        expected = read(feed_of(augmentation="crop_flip"), epoch)
        feed.set_epoch(epoch)
        for pixels, labels in expected:
            got, got_labels = in_graph()
            np.testing.assert_allclose(got, pixels, rtol=1e-6)  # a graph may divide by 255 as it likes
            assert np.array_equal(got_labels, labels)


def test_augmentation_is_new_in_every_epoch_and_batch():
    still = Images(np.tile(numbered(1).images, (64, 1, 1, 1)), np.zeros(64, np.int32))
    feed = TrainFeed(still, 32, seed=0, augmentation="crop_flip")
    first, second = (x for x, _ in read(feed, 0))
    third, _ = (x for x, _ in read(feed, 1))
    assert not np.array_equal(first, second) and not np.array_equal(first, third)


def test_each_batch_is_augmented_as_bytes_by_its_own_seed():
    order, seeds, _, _ = Epochs(examples=8, batches=2, seed=0).plan(0)
    pixels = tf.constant(numbered(8).images[order])
    expected = [crop_flip(pixels[:4], seeds[0]), crop_flip(pixels[4:], seeds[1])]
    for (x, _), changed in zip(read(feed_of(8, 4, augmentation="crop_flip"), 0), expected, strict=True):
        assert np.array_equal(x, changed.numpy().astype(np.float32) / np.float32(255))


def test_padding_is_black_before_normalisation():
    white = Images(np.full((50, 6, 6, 1), 255, np.uint8), np.zeros(50, np.int32))
    ((x, _),) = read(TrainFeed(white, 50, seed=0, augmentation="crop_flip"), 0)
    assert np.unique(x).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("start, stop", [(0, 6), (3, 3), (-1, 2)])
def test_batches_outside_an_epoch_are_refused(start, stop):
    with pytest.raises(ValueError, match="not part of an epoch of 5"):
        feed_of().set_epoch(0, start, stop)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_size_without_a_batch_is_refused(batch_size):
    with pytest.raises(UsageError, match=f"no batch of {batch_size} in 20 training examples"):
        feed_of(20, batch_size)


def test_an_unknown_augmentation_is_refused():
    with pytest.raises(UsageError, match="unknown augmentation 'flip'; did you mean 'crop_flip'"):
        feed_of(augmentation="flip")


@pytest.mark.parametrize(
    "start, stop, examples", [(0, 5, 18), (0, 4, 16), (4, 5, 2), (5, 10, 18), (3, 7, 14), (2, 2, 0), (0, 50, 180)]
)
def test_examples_between_two_steps_count_partial_batches_as_they_are(start, stop, examples):
    assert feed_of(18, 4).examples_in(start, stop) == examples


def test_replays_give_every_batch_so_often_in_a_row_and_as_many_epochs_go_once_through_the_examples():
    once = [read(feed_of(18, augmentation="crop_flip"), epoch) for epoch in (0, 1)]
    feed = feed_of(18, augmentation="crop_flip", replays=3)
    replayed = [batch for epoch in range(6) for batch in read(feed, epoch)]
    assert same(replayed, [batch for epoch in once for batch in epoch for _ in range(3)])
    assert same(read(feed, 4, 1, 3), replayed[21:23])


@pytest.mark.parametrize(("start", "stop"), [(0, 15), (0, 13), (14, 16), (4, 37), (12, 12)])
def test_replayed_examples_are_counted_as_often_as_they_are_trained_on(start, stop):
    sizes = [size for _ in range(3) for size in (4, 4, 4, 4, 2) for _ in range(3)]
    assert feed_of(18, replays=3).examples_in(start, stop) == sum(sizes[start:stop])


def test_all_who_read_the_same_images_share_one_copy():
    images = numbered(3)
    assert resident(images)[0] is resident(images)[0]
    assert resident(images.take(np.array([0, 1])))[0].shape == (2, 2, 3, 2)
