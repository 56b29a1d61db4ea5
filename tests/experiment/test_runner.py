"""A whole run: damaged files, a full disk, divergence, and what is refused before anything is written."""

from __future__ import annotations

import shutil

import pytest

from dsd_tf.errors import Diverged, UsageError
from dsd_tf.experiment.checkpoints import Checkpoints
from dsd_tf.experiment.phases import PhaseRunner
from dsd_tf.experiment.run_directory import RunDirectory
from dsd_tf.experiment.runner import make_plan, run
from dsd_tf.experiment.workbench import build_workbench
from dsd_tf.files import read_arrays


@pytest.fixture(scope="module")
def checkpointed(small, tmp_path_factory):
    """Settings, and a run directory with the checkpoints after epochs 2 and 3 of 4."""
    settings = small(method="dense", epochs=4, checkpoint_seconds=0, steps_per_execution=1)
    path = tmp_path_factory.mktemp("checkpointed") / "run"
    save = Checkpoints.save

    def stop_at_the_third(self, arrays):
        save(self, arrays)
        if (self.folder / "000002.npz").exists():
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoints, "save", stop_at_the_third)
        run(settings, str(path))
    return settings, path


@pytest.mark.parametrize(("damaged", "steps"), [([], 5), ([2], 10), ([1, 2], 20), ([1], 5)])
def test_damaged_checkpoints_are_passed_over_saying_so(
    checkpointed, finished, watched, tmp_path, capsys, damaged, steps
):
    settings, before = checkpointed
    path = shutil.copytree(before, tmp_path / "run")
    for number in damaged:
        file = path / "checkpoints" / f"{number:06d}.npz"
        file.write_bytes(file.read_bytes()[:-100])
    found = watched(settings, path)
    assert found.steps_watched == steps
    found.assert_equal(finished(method="dense", epochs=4))
    said = capsys.readouterr().err
    expected = [number for number in damaged if number == 2 or 2 in damaged]
    assert [f"{number:06d}.npz is damaged" in said for number in (1, 2)] == [n in expected for n in (1, 2)]


def test_a_damaged_artefact_of_a_finished_phase_is_named(finished, small, tmp_path):
    whole = finished(method="iterative", retrain="rewind")
    path = shutil.copytree(whole.path, tmp_path / "run")
    (path / "summary.json").unlink()
    artefact = path / "phases" / "level01.npz"
    artefact.write_bytes(artefact.read_bytes()[:-100])
    with pytest.raises(UsageError, match="phases/level01.npz is damaged"):
        run(small(method="iterative", retrain="rewind"), str(path))


def test_a_finished_run_is_returned_as_it_is(finished, small):
    whole = finished(method="iterative", retrain="rewind")
    before = {path: path.stat().st_mtime_ns for path in whole.path.rglob("*")}
    assert run(small(method="iterative", retrain="rewind"), str(whole.path))["results"] == whole.results
    assert {path: path.stat().st_mtime_ns for path in whole.path.rglob("*")} == before


def test_the_directory_is_free_again_after_a_failure_even_while_the_error_is_looked_at(small, tmp_path, monkeypatch):
    settings, path = small(method="dense", epochs=1), str(tmp_path / "run")
    with monkeypatch.context() as patch, pytest.raises(RuntimeError) as error:
        patch.setattr(PhaseRunner, "run", lambda *_: (_ for _ in ()).throw(RuntimeError("a fault of ours")))
        run(settings, path)
    assert error.value.args == ("a fault of ours",)
    assert run(settings, path)["results"]["final"]["phase"] == "dense"


def test_a_directory_in_use_is_refused(checkpointed):
    settings, path = checkpointed
    with (
        RunDirectory(path, settings),
        pytest.raises(UsageError, match="--run_dir=.* is in use by another process"),
    ):
        run(settings, str(path))


def test_a_full_disk_stops_the_run_and_leaves_the_checkpoint_from_which_it_continues(
    checkpointed, finished, watched, tmp_path, file_size_limit
):
    settings, before = checkpointed
    path = shutil.copytree(before, tmp_path / "run")
    (path / "checkpoints" / "000002.npz").unlink()
    kept = (path / "checkpoints" / "000001.npz").read_bytes()
    with (
        file_size_limit(len(kept) - 1),
        pytest.raises(UsageError, match="cannot write .*npz: File too large; what was"),
    ):
        run(settings, str(path))
    assert [file.read_bytes() for file in (path / "checkpoints").iterdir()] == [kept]
    found = watched(settings, path)
    assert found.steps_watched == 10
    found.assert_equal(finished(method="dense", epochs=4))


def all_finite(folder) -> bool:
    arrays = [array for path in folder.rglob("*.npz") for array in read_arrays(path).values()]
    return bool(arrays) and all((array == array).all() for array in arrays)


def test_a_run_that_diverges_stops_and_keeps_what_it_had(small, tmp_path):
    settings = small(method="dsd", redense_lr_factor=1e12, checkpoint_seconds=0)
    for _ in range(2):
        with pytest.raises(Diverged, match=r"training diverged in redense1: .* in epoch \d; the last good state is in"):
            run(settings, str(tmp_path / "run"))
        assert {path.name for path in tmp_path.rglob("phases/*")} == {
            "dense.npz", "dense.masks.npz", "sparse1.npz", "sparse1.masks.npz"
        }  # fmt: skip
        assert all_finite(tmp_path)
        assert "NaN" not in (tmp_path / "run" / "metrics.jsonl").read_text()


def test_a_mask_update_that_meets_weights_that_are_not_finite_is_divergence_too(small, tmp_path):
    settings = small(
        method="gradual", lr=1e25, epochs=1, frequency="1it", begin="4it", end="5it", steps_per_execution=1
    )
    with pytest.raises(Diverged, match="training diverged in gradual"):
        run(settings, str(tmp_path / "run"))


IMPOSSIBLE = [
    ({"allocation": "globl"}, "unknown allocation 'globl'; did you mean 'global'"),
    ({"granularity": "blocks"}, "unknown granularity 'blocks'"),
    ({"granularity": "2:4", "method": "iterative"}, "always prunes to sparsity 0.5, which leaves no levels"),
    ({"end": "200ep", "method": "gradual"}, "--end=200ep is step 1000, after training ends at step 10"),
    ({"exclude": "*"}, "--method=one_shot has nothing to prune: every kernel is left dense"),
    ({"exclude": "hiden*"}, "unknown kernel in --exclude 'hiden*'; did you mean 'hidden"),
    ({"num_classes": 5}, "--num_classes=5, but digits has labels up to 9"),
    ({"train_examples": 5000}, "5000 training examples asked for"),
    ({"label_noise": 0.2, "label_noise_kind": "asymmetric"}, "is for mnist, cifar10 and cifar100, not for 'digits'"),
    ({"retrain": "reinit"}, "name their run by --masks_from"),
]


@pytest.mark.parametrize(("flags", "message"), IMPOSSIBLE, ids=lambda value: str(value)[:40])
def test_the_impossible_is_refused_before_anything_is_written(small, tmp_path, flags, message):
    with pytest.raises(UsageError) as error:
        run(small(**{"method": "one_shot"} | flags), str(tmp_path / "run"))
    assert message in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("granularity", "sparsity"), [("2:4", 0.5), ("1:4", 0.75)])
def test_a_pattern_brings_its_own_sparsity(small, granularity, sparsity):
    plan = make_plan(build_workbench(small(method="one_shot", granularity=granularity)))
    assert [phase.sparsity for phase in plan] == [0, sparsity]
