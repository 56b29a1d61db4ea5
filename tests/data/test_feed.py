import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dsd_tf.data.augmentation import crop_flip
from dsd_tf.data.epochs import Epochs
from dsd_tf.data.feed import ResidentFeed, TrainFeed, batches, resident
from dsd_tf.data.images import Images
from dsd_tf.errors import UsageError


def numbered(count: int) -> Images:
    """Image i is labelled i and starts with the pixels i, i + 1, ... (modulo 256)."""
    labels = np.arange(count, dtype=np.int32)
    return Images((labels[:, None, None, None] + np.arange(12).reshape(2, 3, 2)).astype(np.uint8), labels)


def feed_of(count=20, batch_size=4, *, seed=0, augmentation="none", drop_remainder=False) -> TrainFeed:
    return TrainFeed(numbered(count), batch_size, seed=seed, augmentation=augmentation, drop_remainder=drop_remainder)


def read(feed: TrainFeed, epoch: int, start: int = 0, stop: int | None = None):
    feed.set_epoch(epoch, start, stop)
    return [(x, y) for x, y in feed.dataset().as_numpy_iterator()]


def same(batches_a, batches_b) -> bool:
    return len(batches_a) == len(batches_b) and all(
        np.array_equal(xa, xb) and np.array_equal(ya, yb)
        for (xa, ya), (xb, yb) in zip(batches_a, batches_b, strict=True)
    )


def labels_of(read_batches) -> list[int]:
    return np.concatenate([y for _, y in read_batches]).tolist()


@settings(max_examples=15, deadline=None)
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


def test_the_same_data_set_reads_the_epoch_that_is_set():
    feed = feed_of(augmentation="crop_flip")
    dataset = feed.dataset()
    for epoch in (0, 3, 1):
        feed.set_epoch(epoch)
        assert same(list(dataset.as_numpy_iterator()), read(feed_of(augmentation="crop_flip"), epoch))


def test_an_iterator_keeps_the_epoch_it_began_with():
    feed = feed_of()
    feed.set_epoch(5)
    iterator = feed.dataset().as_numpy_iterator()
    first = next(iterator)
    feed.set_epoch(6)
    assert same([first, *iterator], read(feed_of(), 5))


def test_augmentation_is_new_in_every_epoch_and_batch():
    still = Images(np.tile(numbered(1).images, (64, 1, 1, 1)), np.zeros(64, np.int32))
    feed = TrainFeed(still, 32, seed=0, augmentation="crop_flip")
    first, second = (x for x, _ in read(feed, 0))
    third, _ = (x for x, _ in read(feed, 1))
    assert not np.array_equal(first, second) and not np.array_equal(first, third)


def test_each_batch_is_augmented_as_bytes_by_its_own_seed():
    order, seeds, _, _ = Epochs(examples=8, batches=2, seed=0).plan(declared=2)
    pixels = tf.constant(numbered(8).images[order])
    expected = [crop_flip(pixels[:4], seeds[0]), crop_flip(pixels[4:], seeds[1])]
    for (x, _), changed in zip(read(feed_of(8, 4, augmentation="crop_flip"), 0), expected, strict=True):
        assert np.array_equal(x, changed.numpy().astype(np.float32) / np.float32(255))


def test_padding_is_black_before_normalisation():
    white = Images(np.full((50, 6, 6, 1), 255, np.uint8), np.zeros(50, np.int32))
    ((x, _),) = read(TrainFeed(white, 50, seed=0, augmentation="crop_flip"), 0)
    assert np.unique(x).tolist() == [0.0, 1.0]


def test_dropping_the_remainder_leaves_whole_batches_of_known_size():
    feed = feed_of(18, 4, drop_remainder=True)
    assert feed.steps_per_epoch == 4
    assert [len(y) for _, y in read(feed, 0)] == [4] * 4
    assert feed.dataset().element_spec[0].shape == (4, 2, 3, 2)


def test_the_data_set_tells_keras_its_length_and_shapes():
    feed = feed_of(18, 4)
    assert feed.dataset().cardinality() == 5
    images, labels = feed.dataset().element_spec
    assert (images.shape.as_list(), images.dtype) == ([None, 2, 3, 2], tf.float32)
    assert (labels.shape.as_list(), labels.dtype) == ([None], tf.int32)
    feed.set_epoch(0, 1, 3)
    assert feed.dataset().cardinality() == 2


def test_reading_an_epoch_of_another_length_through_a_data_set_is_an_error():
    feed = feed_of()
    dataset = feed.dataset()
    feed.set_epoch(1, start=2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="declared 5 batches, epoch 1 has 3"):
        list(dataset)


@pytest.mark.parametrize("batch_size, drop_remainder", [(0, False), (-1, False), (21, True)])
def test_a_batch_size_without_a_batch_is_refused(batch_size, drop_remainder):
    with pytest.raises(UsageError, match=f"no batch of {batch_size} in 20 training examples"):
        feed_of(20, batch_size, drop_remainder=drop_remainder)


def test_an_unknown_augmentation_is_refused():
    with pytest.raises(UsageError, match="unknown augmentation 'flip'; did you mean 'crop_flip'"):
        feed_of(augmentation="flip")


class Recorder(keras.Model):
    """Trains nothing and writes down the labels it is given."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def train_step(self, data):
        self.seen.append(data[1].numpy().tolist())
        return {"loss": tf.constant(0.0)}


def fit(feed: TrainFeed, **arguments) -> list[list[int]]:
    recorder = Recorder()
    recorder.compile(run_eagerly=True)
    set_epoch = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: feed.set_epoch(epoch))
    recorder.fit(feed.dataset(), callbacks=[set_epoch], shuffle=False, verbose=0, **arguments)
    return recorder.seen


@pytest.mark.filterwarnings("error")
def test_fit_sees_the_epochs_in_turn():
    expected = [y.tolist() for epoch in (0, 1, 2) for _, y in read(feed_of(18), epoch)]
    assert fit(feed_of(18), epochs=3) == expected
    assert fit(feed_of(18), epochs=3, initial_epoch=2) == expected[10:]


def test_batches_keep_the_order_and_the_last_partial_batch():
    source = numbered(10)
    read_batches = list(batches(source, 4).as_numpy_iterator())
    assert [y.tolist() for _, y in read_batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    pixels = np.concatenate([x for x, _ in read_batches])
    assert pixels.dtype == np.float32
    assert np.array_equal(pixels, source.images.astype(np.float32) / np.float32(255))
    assert batches(source, 4).cardinality() == 3


def test_replicas_and_op_determinism_change_nothing():
    """In a process of its own: logical devices and determinism are set once, before TensorFlow starts."""
    command = [sys.executable, "-m", "tests.data.feed_on_replicas"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def resident_feed(count=18, batch_size=4, **options) -> ResidentFeed:
    return ResidentFeed(numbered(count), batch_size, seed=0, augmentation="crop_flip", **options)


def resident_batches(feed: ResidentFeed, epoch: int, start: int = 0, stop: int | None = None):
    feed.set_epoch(epoch, start, stop)
    return [tuple(part.numpy() for part in feed.examples(element)) for element in feed.dataset()]


@pytest.mark.parametrize("epoch, start, stop", [(0, 0, None), (3, 2, 4), (1, 4, 5)])
@pytest.mark.parametrize("drop_remainder", [False, True])
def test_a_resident_feed_has_the_very_batches_of_the_streamed_one(epoch, start, stop, drop_remainder):
    stop = min(stop or 4, 4) if drop_remainder else stop
    start = min(start, 3) if drop_remainder else start
    streamed = TrainFeed(numbered(18), 4, seed=0, augmentation="crop_flip", drop_remainder=drop_remainder)
    resident = resident_feed(drop_remainder=drop_remainder)
    assert same(resident_batches(resident, epoch, start, stop), read(streamed, epoch, start, stop))


def test_the_elements_of_a_resident_feed_count_down_to_the_last_batch():
    feed = resident_feed()
    feed.set_epoch(0, 1, 4)
    assert [(int(step), int(left)) for step, left in feed.dataset()] == [(1, 3), (2, 2), (3, 1)]
    assert feed.dataset().cardinality() == 3


@pytest.mark.parametrize(
    "start, stop, examples", [(0, 5, 18), (0, 4, 16), (4, 5, 2), (5, 10, 18), (3, 7, 14), (2, 2, 0), (0, 50, 180)]
)
def test_examples_between_two_steps_count_partial_batches_as_they_are(start, stop, examples):
    assert feed_of(18, 4).examples_in(start, stop) == examples


def test_examples_between_two_steps_leave_out_dropped_remainders():
    assert feed_of(18, 4, drop_remainder=True).examples_in(0, 8) == 32


def test_all_who_read_the_same_images_share_one_copy():
    images = numbered(3)
    assert resident(images)[0] is resident(images)[0]
    assert resident(images.take(np.array([0, 1])))[0].shape == (2, 2, 3, 2)
