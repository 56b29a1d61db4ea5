"""What workers tell each other, and how they learn that one of them is lost."""

from __future__ import annotations

import threading

import pytest

from dsd_tf.errors import UsageError, WorkersDiffer
from dsd_tf.workers.team import Team


def test_all_have_what_the_chief_says(teams, at_once):
    members, _ = teams()
    assert at_once([lambda m=m: m.of_chief(m.cluster.index) for m in members]) == [0, 0, 0]


def test_equal_values_are_agreed_on(teams, at_once):
    members, lost = teams()
    assert at_once([lambda m=m: m.agree("masks", {"a": 1, "b": 2}) for m in members]) == [None] * 3
    assert all(told.empty() for told in lost)


def test_different_values_end_all_with_the_names_of_workers_and_values(teams):
    members, lost = teams()

    def agree(index):
        with members[index] as member:
            member.agree("masks", {"a": 1, "b": 2 if index == 0 else index})

    for index in (1, 2):  # these wait for good, as in TensorFlow's exchange
        threading.Thread(target=agree, args=(index,), daemon=True).start()
    with pytest.raises(WorkersDiffer) as error:
        agree(0)
    assert str(error.value) == "masks differ from those of the chief on worker 1 (b:2): b"
    for index in (1, 2):
        assert lost[index].get(timeout=30) == f"worker 0 (a:1, the chief) has ended: {error.value}"


def test_a_worker_that_dies_is_named_to_all_others(teams):
    (_, one, _), lost = teams(alive=(0, 2))
    one.close()
    assert [lost[index].get(timeout=30) for index in (0, 2)] == ["worker 1 (b:2) is gone"] * 2


def test_a_worker_that_says_nothing_any_more_is_named_to_all_others(teams):
    _, lost = teams(alive=(0, 1), timeout=0.5)
    line = "worker 2 (c:3) has not been heard of for 0.5 s (--worker_timeout)"
    assert [lost[index].get(timeout=30) for index in (0, 1)] == [line] * 2


def test_the_error_that_ends_one_is_told_to_the_others(teams):
    members, lost = teams()
    with pytest.raises(UsageError), members[2]:
        raise UsageError("--teacher=x does not exist")
    line = "worker 2 (c:3) has ended: --teacher=x does not exist"
    assert [lost[index].get(timeout=30) for index in (0, 1)] == [line] * 2


def test_they_part_without_a_loss_when_all_are_done(teams, at_once):
    members, lost = teams()

    def take_part(member):
        with member:
            return member.of_chief("done")

    assert at_once([lambda m=m: take_part(m) for m in members]) == ["done"] * 3
    assert all(told.empty() for told in lost)


def test_one_process_alone_has_nobody_to_ask():
    with Team.of_one() as team:
        team.agree("masks", {"a": 1})
        assert team.of_chief(3) == 3
        assert (team.is_alone, team.is_chief) == (True, True)
