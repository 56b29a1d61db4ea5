import json

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from dsd_tf.data.tfds_source import TfdsSource
from dsd_tf.errors import UsageError

CLASSES = 3


def prepare(data_dir, name="tiny", shapes=((4, 5, 3),) * 7, splits=("train", "test"), **extra_features):
    """Writes a set whose image i has value 10 * i, label i % 3 and id "train_i", in that order on disk."""
    fixed = shapes[0] if len(set(shapes)) == 1 else (None, None, 3)
    features = {
        "image": tfds.features.Image(shape=fixed),
        "label": tfds.features.ClassLabel(num_classes=CLASSES),
    }
    features |= {key: feature for key, (feature, _) in extra_features.items()}

    def examples(split):
        for i, shape in enumerate(shapes):
            extra = {key: value(split, i) for key, (_, value) in extra_features.items()}
            yield {"image": np.full(shape, 10 * i, np.uint8), "label": i % CLASSES, **extra}

    features = tfds.features.FeaturesDict(features)
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version="1.0.0",
        data_dir=data_dir,
        features=features,
        disable_shuffling=True,
        split_datasets={
            split: tf.data.Dataset.from_generator(
                lambda split=split: examples(split), output_signature=features.get_tensor_spec()
            )
            for split in splits
        },
    )
    return data_dir / name / "1.0.0"


def with_ids():
    return {"id": (tfds.features.Text(), lambda split, i: f"{split}_{i}")}


def read_all(source, split="train"):
    return source.read(split, np.arange(source.examples[split]))


def open_tiny(data_dir, image_size=0, name="tiny"):
    return TfdsSource(name, str(data_dir), image_size, download=False)


def test_images_labels_and_ids_come_in_the_order_on_disk(tmp_path):
    prepare(tmp_path, **with_ids())
    source = open_tiny(tmp_path)
    assert (source.num_classes, source.image_shape) == (3, (4, 5, 3))
    assert source.examples == {"train": 7, "test": 7}
    images = read_all(source)
    assert np.array_equal(images.images, np.arange(0, 70, 10, np.uint8)[:, None, None, None] * np.ones((4, 5, 3)))
    assert images.images.dtype == np.uint8
    assert images.labels.tolist() == [0, 1, 2, 0, 1, 2, 0] and images.labels.dtype == np.int32
    assert images.ids.tolist() == [f"train_{i}" for i in range(7)]
    assert read_all(source, "test").ids[0] == "test_0"


def test_only_the_examples_asked_for_are_read(tmp_path):
    prepare(tmp_path, **with_ids())
    some = open_tiny(tmp_path).read("train", np.array([1, 4, 6]))
    assert some.images[:, 0, 0, 0].tolist() == [10, 40, 60]
    assert some.labels.tolist() == [1, 1, 0]
    assert some.ids.tolist() == ["train_1", "train_4", "train_6"]


def test_a_set_without_ids_has_none(tmp_path):
    prepare(tmp_path, note=(tfds.features.Text(), lambda split, i: "unused"))
    assert read_all(open_tiny(tmp_path)).ids is None


def test_images_of_varying_size_are_cut_to_squares(tmp_path):
    prepare(tmp_path, shapes=((4, 5, 3), (9, 6, 3), (4, 4, 3)))
    images = read_all(open_tiny(tmp_path, image_size=4))
    assert images.images.shape == (3, 4, 4, 3)
    assert images.images[:, 0, 0, 0].tolist() == [0, 10, 20]


def test_images_of_varying_size_need_an_image_size(tmp_path):
    prepare(tmp_path, shapes=((4, 5, 3), (9, 6, 3)))
    with pytest.raises(UsageError, match="data set 'tiny' has images of varying size: give --image_size"):
        open_tiny(tmp_path)


def test_flowers_have_their_published_size(tmp_path):
    prepare(tmp_path, "oxford_flowers102", shapes=((160, 200, 3), (300, 160, 3)))
    (tmp_path / "oxford_flowers102/1.0.0").rename(tmp_path / "oxford_flowers102/2.1.1")
    info = tmp_path / "oxford_flowers102/2.1.1/dataset_info.json"
    info.write_text(info.read_text().replace('"1.0.0"', '"2.1.1"'))
    assert open_tiny(tmp_path, name="oxford_flowers102").image_shape == (128, 128, 3)


def test_a_validation_split_tests_where_there_is_no_other(tmp_path):
    prepare(tmp_path, splits=("train", "validation"), **with_ids())
    assert read_all(open_tiny(tmp_path), "test").ids[0] == "validation_0"


def test_a_set_without_a_class_label_is_refused(tmp_path):
    place = prepare(tmp_path)
    features = json.loads((place / "features.json").read_text())
    features["featuresDict"]["features"].pop("label")
    (place / "features.json").write_text(json.dumps(features))
    with pytest.raises(UsageError, match="'tiny' does not pair an image of 8-bit pixels with one class label"):
        open_tiny(tmp_path)


def truncate_inside_a_record(file):
    file.write_bytes(file.read_bytes()[:-10])


def truncate_to_nothing(file):
    file.write_bytes(b"")


def flip_a_byte(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    file.write_bytes(data)


@pytest.mark.parametrize(
    "damage", [truncate_inside_a_record, truncate_to_nothing, flip_a_byte, lambda file: file.unlink()]
)
def test_a_damaged_file_is_one_line_that_names_set_and_folder(tmp_path, damage):
    place = prepare(tmp_path)
    damage(place / "tiny-train.tfrecord-00000-of-00001")
    with pytest.raises(UsageError) as caught:
        read_all(open_tiny(tmp_path))
    message = str(caught.value)
    assert message.startswith(f"data set 'tiny', train split in {place}: cannot be read (")
    assert message.endswith("); prepare it again")
    assert "\n" not in message and "function_node" not in message


def test_reading_prints_nothing(tmp_path, capfd):
    prepare(tmp_path)
    capfd.readouterr()
    read_all(open_tiny(tmp_path))
    assert capfd.readouterr().out == ""


def test_a_split_can_be_streamed_still_encoded_in_the_order_on_disk(tmp_path):
    prepare(tmp_path, shapes=((4, 5, 3), (2, 2, 3), (3, 3, 3)))
    stream = TfdsSource("tiny", str(tmp_path), 2, download=False).stream("test")
    decoded = [(tf.io.decode_image(stream.read(content)), int(label)) for content, label in stream.items]
    assert [(image.shape.as_list(), int(image[0, 0, 0]), label) for image, label in decoded] == [
        ([4, 5, 3], 0, 0),
        ([2, 2, 3], 10, 1),
        ([3, 3, 3], 20, 2),
    ]
    assert (stream.examples, stream.num_classes) == (3, CLASSES)
    assert stream.example(1) == "example 1 of data set 'tiny', test split"


def test_a_split_that_is_not_there_cannot_be_streamed(tmp_path):
    prepare(tmp_path)
    with pytest.raises(UsageError, match="'tiny' has the splits train, test, not validation"):
        open_tiny(tmp_path).stream("validation")


def test_imagenet_is_tested_on_its_validation_images_as_its_test_labels_are_secret(tmp_path):
    prepare(tmp_path, name="imagenet2012", splits=("train", "validation", "test"))
    source = open_tiny(tmp_path, name="imagenet2012:1.0.0", image_size=4)
    assert source.examples.keys() == {"train", "test"}
