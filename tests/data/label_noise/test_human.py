"""People's labels go to the examples they were given to, or nowhere."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.data.images import Images
from dsd_tf.data.label_noise.noise import LabelNoise, corrupt
from dsd_tf.errors import UsageError

SIZE = 8
TRUE = np.arange(SIZE, dtype=np.int32)
GIVEN = np.array([0, 1, 9, 3, 4, 9, 6, 7], np.uint8)


@pytest.fixture
def file(tmp_path):
    """Writes an .npz like the published one, with other arrays in place of its own; None leaves one out."""

    def write(**arrays):
        arrays = {"clean_label": TRUE.astype(np.uint8), "worse_label": GIVEN} | arrays
        path = tmp_path / "labels.npz"
        np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
        return path

    return write


def examples(order=range(SIZE)) -> Images:
    order = np.array(order)
    pixels = np.zeros((len(order), 1, 1, 1), np.uint8)
    return Images(pixels, TRUE[order], np.array([f"train_{number:05}" for number in order]))


def relabelled(images, path, kind="worst", dataset="cifar10", num_classes=10) -> Images:
    noise = LabelNoise(kind, file=str(path))
    return corrupt(images, noise, dataset=dataset, num_classes=num_classes, set_size=SIZE)


@pytest.mark.parametrize("order", [range(SIZE), [5, 2, 0, 7, 1, 3, 4, 6], [6, 5], [2]])
def test_every_example_has_the_label_of_its_number_in_whatever_order_and_subset(order, file):
    noisy = relabelled(examples(order), file())
    assert noisy.labels.tolist() == [GIVEN[number] for number in order]
    assert noisy.clean_labels.tolist() == [TRUE[number] for number in order]
    assert noisy.labels.dtype == np.int32


def refusal(images, path, **values) -> str:
    with pytest.raises(UsageError) as caught:
        relabelled(images, path, **values)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_another_data_set_is_refused(file):
    assert refusal(examples(), file(), dataset="mnist") == "--label_noise_kind=worst is for cifar10, not for 'mnist'"
    assert refusal(examples(), file(), kind="noisy100") == (
        "--label_noise_kind=noisy100 is for cifar100, not for 'cifar10'"
    )


def test_a_file_without_the_labels_asked_for_says_what_it_holds(file):
    path = file()
    assert refusal(examples(), path, kind="rand2") == (
        f"--label_noise_file={path} has no 'random_label2', it holds 'clean_label', 'worse_label'"
    )
    assert refusal(examples(), file(clean_label=None)).endswith("has no 'clean_label', it holds 'worse_label'")


@pytest.mark.parametrize(
    ("vector", "found"),
    [
        (GIVEN[:-1], "it is uint8 of shape (7,)"),
        (np.append(GIVEN, 0), "it is int64 of shape (9,)"),
        (GIVEN.reshape(2, 4), "it is uint8 of shape (2, 4)"),
        (GIVEN.astype(np.float32), "it is float32 of shape (8,)"),
        (GIVEN.astype(str), "it is <U3 of shape (8,)"),
    ],
)
def test_labels_of_another_number_or_type_are_refused(vector, found, file):
    for key in ("worse_label", "clean_label"):
        message = refusal(examples(), file(**{key: vector}))
        assert f"{key!r} must be one integer for each of the 8 training examples of 'cifar10', " in message
        assert message.endswith(found.replace("int64", str(vector.dtype)))


def test_labels_that_are_no_class_are_refused(file):
    message = refusal(examples(), file(worse_label=np.where(GIVEN == 9, 10, GIVEN)))
    assert message.endswith("'worse_label': 2 of 8 labels are outside [0, 10), the first is 10 at index 2")


def test_true_labels_that_disagree_are_counted(file):
    path = file(clean_label=np.array([0, 1, 2, 4, 3, 5, 6, 7]))
    assert refusal(examples(), path) == (
        f"--label_noise_file={path}: 'clean_label' and the labels of 'cifar10' disagree on 2 of 8 training examples; "
        "it must be the file for this data set"
    )


def test_true_labels_in_another_order_disagree_although_their_sum_is_the_same(file):
    assert "disagree on 8 of 8" in refusal(examples(), file(clean_label=TRUE[::-1].copy()))


def test_examples_without_ids_are_refused(file):
    images = examples()
    assert refusal(Images(images.images, images.labels), file()) == (
        "data set 'cifar10' names no example by id, which people's labels go by"
    )


@pytest.mark.parametrize("name", ["train_00008", "test_00001", "00001", "train_x", "train_\u0663", "train_1 "])
def test_examples_whose_ids_are_no_numbers_of_the_set_are_refused(name, file):
    images = examples()
    images.ids[3] = name
    assert refusal(images, file()) == f"data set 'cifar10': id {name!r} is not one of train_00000 to train_00007"


def test_a_file_of_another_format_is_refused(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("1")
    assert refusal(examples(), path) == f"--label_noise_file={path}: must be an .npz or a .pt file"


@pytest.mark.parametrize("ending", ["npz", "pt"])
def test_a_file_that_is_not_there_or_damaged_is_refused(ending, tmp_path):
    path = tmp_path / f"labels.{ending}"
    assert refusal(examples(), path) == f"{path} does not exist"
    path.write_bytes(b"PK")
    assert refusal(examples(), path) == f"{path} is damaged: File is not a zip file"


MEASURED = {"aggre": 9.01, "rand1": 17.23, "rand2": 18.12, "rand3": 17.64, "worst": 40.21}


@pytest.mark.parametrize("kind", MEASURED)
def test_the_published_labels_of_cifar10_are_wrong_as_often_as_measured(kind, cifar10, real_data):
    labels = {}
    for name in ("cifar10n.npz", "CIFAR-10_human.pt"):
        noise = LabelNoise(kind, file=str(real_data / "noise" / name))
        noisy = corrupt(cifar10, noise, dataset="cifar10", num_classes=10, set_size=50_000)
        assert round(100 * noisy.wrong.mean(), 2) == MEASURED[kind]
        labels[name] = noisy.labels.tolist()
    assert labels["cifar10n.npz"] == labels["CIFAR-10_human.pt"]


@pytest.mark.parametrize("name", ["cifar100n.npz", "CIFAR-100_human.pt"])
def test_the_published_labels_of_cifar100_are_wrong_as_often_as_measured(name, cifar100_file, real_data):
    images = Images(np.zeros((50_000, 1, 1, 1), np.uint8), cifar100_file.labels, cifar100_file.ids)
    noise = LabelNoise("noisy100", file=str(real_data / "noise" / name))
    noisy = corrupt(images, noise, dataset="cifar100", num_classes=100, set_size=50_000)
    shares = [noisy.wrong[noisy.clean_labels == label].mean() for label in range(100)]
    assert round(100 * noisy.wrong.mean(), 2) == 40.20
    assert (round(100 * min(shares)), round(100 * max(shares))) == (8, 87)


def test_the_file_of_cifar100_is_not_taken_for_that_of_cifar10(cifar10, real_data):
    noise = LabelNoise("worst", file=str(real_data / "noise" / "CIFAR-100_human.pt"))
    with pytest.raises(UsageError, match="has no 'worse_label', it holds 'clean_label', 'noisy_label'"):
        corrupt(cifar10, noise, dataset="cifar10", num_classes=10, set_size=50_000)
