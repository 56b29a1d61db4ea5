"""Pixels are OpenCV's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dsd_tf.data.caffe_preprocessing import MEANS_BGR, SIDE, decode_rgb, preprocess, resized_crop


@pytest.fixture(scope="module")
def cv2():
    return pytest.importorskip("cv2", reason="needs opencv-python-headless>=4.13,<5 as the independent reference")


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


SIZES = [
    (1, 1),
    (1, 300),
    (300, 1),
    (7, 1000),
    (128, 128),
    (255, 257),
    (256, 256),
    (512, 512),
    (375, 500),
    (1024, 300),
]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_resize_is_opencvs(cv2, height, width):
    image = noise(height, width)
    assert (resized_crop(tf.constant(image), 0, 0, SIDE, SIDE).numpy() == cv2.resize(image, (SIDE, SIDE))).all()


def test_a_crop_is_that_part_of_the_resized_image():
    image = tf.constant(noise(300, 200))
    whole = resized_crop(image, 0, 0, SIDE, SIDE).numpy()
    assert (resized_crop(image, 14, 3, 227, 100).numpy() == whole[14:241, 3:103]).all()


def test_an_image_of_the_right_size_is_not_changed():
    image = noise(SIDE, SIDE)
    assert (resized_crop(tf.constant(image), 0, 0, SIDE, SIDE).numpy() == image).all()


def test_the_crop_begins_at_14_and_channels_are_reversed():
    image = noise(SIDE, SIDE)
    found = preprocess(tf.io.encode_png(image), 227, 227, np.array(MEANS_BGR)).numpy()
    assert found.dtype == np.float32
    assert (found == image[14:241, 14:241, ::-1].astype(np.float32) - np.array([104, 117, 123], np.float32)).all()


def test_a_mean_image_is_cropped_with_the_image():
    image, mean = noise(SIDE, SIDE), noise(SIDE, SIDE, 1).astype(np.float32)
    found = preprocess(tf.io.encode_png(image), 224, 200, mean).numpy()
    assert (found == (image[..., ::-1].astype(np.float32) - mean)[16:240, 28:228]).all()


def test_jpegs_are_decoded_as_opencv_decodes_them(cv2):
    smooth = cv2.resize(noise(12, 16), (160, 120))
    encoded = cv2.imencode(".jpg", smooth)[1]
    assert (decode_rgb(tf.constant(encoded.tobytes())).numpy()[..., ::-1] == cv2.imdecode(encoded, 1)).all()


def test_bytes_that_are_no_image_are_an_error():
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_rgb(tf.constant(b"no image"))


def test_real_photographs_become_the_pixels_that_the_reference_network_saw(real_data):
    place = real_data / "squeezenet"
    with np.load(place / "opencv_reference_crops.npz") as stored:
        crops, files = stored["crops_bgr"], stored["files"]
    for crop, file in zip(crops, files, strict=True):
        (path,) = place.glob(f"imagenet_sample/val/*/{file}")
        found = preprocess(tf.constant(path.read_bytes()), 227, 227, np.zeros(3)).numpy()
        assert (found == crop).all()
