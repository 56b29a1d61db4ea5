"""Images that are decoded while they are used."""

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.stream import Reader, Stream
from dsd_tf.errors import UsageError


def png(value):
    return tf.io.encode_png(np.full((2, 2, 1), value, np.uint8)).numpy()


def stream(contents, labels=None, num_classes=100, read=tf.identity):
    labels = range(len(contents)) if labels is None else labels
    items = tf.data.Dataset.from_tensor_slices((list(contents), list(labels)))
    return Stream("a set", items, read, len(contents), num_classes, lambda position: f"image {position}")


def decode(encoded):
    return tf.cast(tf.ensure_shape(tf.io.decode_png(encoded), [2, 2, 1]), tf.float32)


def read(reader):
    batches = list(reader)
    return [images[:, 0, 0, 0].numpy().tolist() for images, _ in batches], [
        labels.numpy().tolist() for _, labels in batches
    ]


def test_images_come_in_order_in_batches_the_last_of_which_may_be_smaller():
    reader = Reader(stream([png(value) for value in range(40, 75)]), decode, batch_size=16)
    images, labels = read(reader)
    assert images == [list(range(40, 56)), list(range(56, 72)), [72, 73, 74]]
    assert labels == [list(range(16)), list(range(16, 32)), [32, 33, 34]]
    assert (reader.examples, reader.skipped) == (35, [])


def test_what_cannot_be_decoded_is_left_out_and_named_and_nothing_else_is_lost():
    contents = [png(value) for value in range(6)]
    contents[1], contents[4] = b"no image", contents[4][:30]
    reader = Reader(stream(contents), decode, batch_size=2)
    assert read(reader) == ([[0, 2], [3, 5]], [[0, 2], [3, 5]])
    assert reader.skipped == ["image 1", "image 4"]


def test_a_second_iteration_reads_all_again():
    reader = Reader(stream([png(1), b"", png(3)]), decode, batch_size=2)
    assert read(reader) == read(reader) == ([[1, 3]], [[0, 2]])
    assert reader.skipped == ["image 1"]


def test_only_a_few_batches_are_read_ahead():
    reads = []

    def counted(name):
        return tf.numpy_function(lambda one: reads.append(one) or png(7), [name], tf.string)

    reader = Reader(stream([str(number) for number in range(400)], [0] * 400, read=counted), decode, 10)
    next(iter(reader))
    assert 10 <= len(reads) <= 100


def test_a_set_without_one_good_image_is_refused():
    with pytest.raises(UsageError, match="a set: none of its 2 images can be decoded"):
        list(Reader(stream([b"no", b"image"]), decode, 2))


def test_a_label_that_is_no_class_is_refused():
    with pytest.raises(UsageError, match=r"a set: 1 of 2 labels are outside \[0, 3\), the first is -1"):
        list(Reader(stream([png(0), png(1)], [0, -1], num_classes=3), decode, 2))


def test_a_damaged_record_file_is_not_taken_for_an_image_that_cannot_be_decoded(tmp_path):
    path = str(tmp_path / "records")
    with tf.io.TFRecordWriter(path) as writer:
        for value in range(3):
            writer.write(png(value))
    with open(path, "r+b") as handle:
        handle.seek(-8, 2)
        handle.write(b"XXXX")
    items = tf.data.TFRecordDataset(path).map(lambda content: (content, 0))
    damaged = Stream("a set", items, tf.identity, 3, 2, str)
    with pytest.raises(UsageError, match="a set: damaged on disk"):
        list(Reader(damaged, decode, 2))
