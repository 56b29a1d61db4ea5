"""Runs whose replicas or workers come to differ are stopped, and batch norm of each replica's own is made one."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np

from dsd_tf.data.images import Images
from dsd_tf.experiment.unison import Unison, compare_inputs


class Asked:
    """Stands for a team; remembers what it was asked to agree on."""

    is_alone = False

    def __init__(self):
        self.questions = []

    def agree(self, what, values):
        self.questions.append((what, values))


def bench(replicas: int):
    """The parts of a workbench that are compared: a weight, and a mask."""
    weight, mask = (keras.Variable(np.ones(2), name=name) for name in ("w", "m"))
    strategy = SimpleNamespace(num_replicas_in_sync=replicas, experimental_local_results=lambda value: (value,))
    events = []
    return SimpleNamespace(
        team=Asked(),
        trainer=SimpleNamespace(distribute_strategy=strategy, optimizer=SimpleNamespace(masks=[mask])),
        state={"model": [weight]},
        state_of_phase={"optimizer": [mask]},
        average_statistics=lambda: events.append("averaged"),
        events=events,
    )


def test_masks_are_compared_whenever_they_change_before_anything_is_made_of_them():
    here = bench(replicas=2)
    Unison(here).then(lambda masks: here.events.append(len(here.team.questions)))({})
    assert [(what, list(values)) for what, values in here.team.questions] == [("masks", ["m"])]
    assert here.events == [1]


def test_all_that_a_checkpoint_holds_is_compared_at_the_end_of_an_epoch_once_statistics_are_one():
    here = bench(replicas=2)
    Unison(here).on_epoch_end(0)
    assert [(what, list(values)) for what, values in here.team.questions] == [("variables", ["w", "m"])]
    assert here.events == ["averaged"]


def test_one_replica_is_not_compared_with_anything():
    here = bench(replicas=1)
    Unison(here).then(lambda masks: None)({})
    Unison(here).on_epoch_end(0)
    assert here.team.questions == []


def test_workers_with_other_data_or_files_are_told_apart():
    images = Images(np.zeros((2, 4, 4, 1), np.uint8), np.array([0, 1], np.int32))
    others = Images(images.images, np.array([1, 0], np.int32))
    team = Asked()
    for train in (images, images, others):
        compare_inputs(team, SimpleNamespace(train=train), {"keras": "3.15"})
    (_, one), (_, same), (_, other) = team.questions
    assert one == same
    assert {name for name in one if one[name] != other[name]} == {"training labels"}
