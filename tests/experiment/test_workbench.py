"""What a run is made of, out of its settings."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.experiment.workbench import build_workbench, load_images, network
from dsd_tf.training.update_rules import TorchSGD


@pytest.fixture(scope="module")
def bench(small):
    return build_workbench(
        small(model="lenet5", image_size=16, exclude="logits*", protect_first=True, score="gradient")
    )


def test_kernels_that_stay_dense_are_listed_with_the_reason(bench):
    assert {kernel.name: kernel.why_dense for kernel in bench.kernels} == {
        "conv1/kernel": "first layer",
        "conv2/kernel": "",
        "hidden/kernel": "",
        "logits/kernel": "excluded by 'logits*'",
    }
    assert list(bench.masks.shapes) == ["conv2/kernel", "hidden/kernel"]


def test_a_plan_is_made_for_the_prunable_kernels_and_the_steps_of_an_epoch(bench):
    assert bench.facts.steps_per_epoch == 5
    assert bench.facts.shapes == {"conv2/kernel": (5, 5, 2, 5), "hidden/kernel": (5, 50)}


def test_the_network_starts_from_initialisation_number_0(bench):
    assert all(map(np.array_equal, bench.model.get_weights(), bench.initial_weights(0)))


def test_initialisations_depend_on_number_and_seed_alone(small, bench):
    other = small(model="lenet5", image_size=16, seed=1)
    kernels = [bench.initial_weights(index)[0] for index in (0, 1)] + [network(other, bench.images).get_weights()[0]]
    assert np.array_equal(kernels[1], bench.initial_weights(1)[0])
    assert len({kernel.tobytes() for kernel in kernels}) == 3


def test_it_is_evaluated_on_the_splits_of_the_data(bench):
    assert list(bench.evaluators) == ["train", "validation", "test"]


def test_the_optimizer_owns_the_masks(bench):
    assert isinstance(bench.trainer.optimizer, TorchSGD)
    assert len(bench.trainer.optimizer.masks) == 2


def test_gradient_scores_are_taken_on_one_batch_that_the_seed_draws(small, bench):
    gradients = bench.selection.gradients()
    again = build_workbench(bench.settings).selection.gradients()
    assert {name: gradient.shape for name, gradient in gradients.items()} == bench.masks.shapes
    assert all(np.array_equal(gradients[name], again[name]) for name in gradients)
    assert all(gradient.any() for gradient in gradients.values())


def test_data_do_not_depend_on_the_network(small):
    one, other = load_images(small()), load_images(small(model="resnet18", width=0.5))
    assert np.array_equal(one.train.images, other.train.images)


def test_more_classes_than_the_data_have_are_allowed_fewer_are_not(small):
    images = load_images(small())
    assert network(small(num_classes=12), images).output.shape == (None, 12)
    with pytest.raises(UsageError, match="--num_classes=9, but digits has labels up to 9"):
        network(small(num_classes=9), images)


def test_an_exclude_pattern_that_fits_no_kernel_is_refused(small):
    with pytest.raises(UsageError, match="unknown kernel in --exclude 'fc.'; did you mean"):
        build_workbench(small(exclude="logits*,fc*"))
