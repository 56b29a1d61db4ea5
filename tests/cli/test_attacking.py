"""`bin/evaluate --attack`: accuracy under attack, and on corrupted images."""

from __future__ import annotations

import json

import pytest

from dsd_tf.cli.evaluate import main
from dsd_tf.experiment.finished_run import FinishedRun
from dsd_tf.export import savedmodel


@pytest.fixture
def evaluate(call, finished_run, tmp_path):
    """The line of JSON and the rows of the table that come of evaluating a finished run."""

    def with_flags(*flags: str) -> tuple[dict, list[list[str]]]:
        named = [] if any(flag.startswith("--model") for flag in flags) else [f"--run_dir={finished_run}"]
        answer = call(main, *named, f"--cache_dir={tmp_path}", *flags)
        assert answer.code == 0, answer.err
        return json.loads(answer.out[-1]), [line.split() for line in answer.out[2:-1]]

    return with_flags


def test_the_worst_case_is_at_most_every_attack_alone_and_those_at_most_clean_accuracy(evaluate, finished_run):
    found, rows = evaluate("--attack=worst", "--epsilon=0.05", "--attack_examples=100")
    assert set(found["attacks"]) == {"pgd20", "apgd_ce", "apgd_dlr"}
    assert found["robust_accuracy"] <= min(found["attacks"].values())
    assert max(found["attacks"].values()) < found["clean_accuracy"]
    assert (found["norm"], found["epsilon"], found["attacked_examples"]) == ("linf", 0.05, 100)
    assert found["top1"] == FinishedRun(finished_run).record()["test"]["top1"]
    assert [row[0] for row in rows] == ["none", "pgd20", "apgd_ce", "apgd_dlr", "the"]
    assert rows[-1][-2:] == ["100", f"{found['robust_accuracy']:.2%}"]


def test_a_single_attack_has_no_worst_case_row(evaluate):
    found, rows = evaluate("--attack=fgsm", "--norm=l2")
    assert [row[0] for row in rows] == ["none", "fgsm"]
    assert found["robust_accuracy"] == found["attacks"]["fgsm"]
    assert (found["norm"], found["epsilon"], found["attacked_examples"]) == ("l2", 128 / 255, 360)


def test_a_larger_radius_leaves_less(evaluate):
    shares = [evaluate("--attack=pgd20", f"--epsilon={epsilon}")[0]["robust_accuracy"] for epsilon in (0.01, 0.05, 0.3)]
    assert shares == sorted(shares, reverse=True) and shares[0] > shares[2]


def test_a_saved_model_is_attacked_as_its_run_is(evaluate, finished_run, tmp_path):
    savedmodel.export(FinishedRun(finished_run).network(), tmp_path / "saved")
    flags = ("--attack=pgd20", "--epsilon=0.05")
    of_file, _ = evaluate(f"--model={tmp_path}/saved", *flags)
    assert of_file["robust_accuracy"] == evaluate(*flags)[0]["robust_accuracy"]


def test_corrupted_images_are_harder_and_kept_on_file(evaluate, tmp_path):
    clean, noisy = evaluate()[0], evaluate("--corruption=contrast:5")[0]
    assert noisy["loss"] > clean["loss"]
    assert noisy["examples"] == clean["examples"]
    kept = list(tmp_path.glob("contrast-5-*.npz"))
    assert kept
    assert evaluate("--corruption=contrast:5")[0]["loss"] == noisy["loss"]
    assert sorted(tmp_path.glob("contrast-5-*.npz")) == sorted(kept)


BAD = [
    (["--attack=pgd"], "unknown --attack 'pgd'; did you mean 'pgd20'?"),
    (["--attack=PGD20"], "unknown --attack 'PGD20'; did you mean 'pgd20'?"),
    (["--epsilon=0.1"], "--epsilon goes with --attack"),
    (["--norm=l2"], "--norm goes with --attack"),
    (["--attack=fgsm", "--epsilon=8"], "linf epsilon 8 is outside the range of pixels"),
    (["--attack=fgsm", "--norm=l2", "--epsilon=8/255"], "epsilon 8/255 is linf's"),
    (["--attack=fgsm", "--norm=l2", "--epsilon=9"], "images of 8x8x1 are at most 8 apart"),
    (["--corruption=gaussian_noise:6"], "corruption severity 6 is not defined: 1 to 5 are"),
    (["--corruption=fogg:1"], "unknown corruption 'fogg'; did you mean 'fog'?"),
    (["--corruption=saturate:1"], "corruption saturate needs colour images, these have 1 channel"),
]


@pytest.mark.parametrize(("flags", "line"), BAD, ids=[" ".join(flags) for flags, _ in BAD])
def test_bad_flags_are_one_line_and_exit_2(call, finished_run, tmp_path, flags, line):
    answer = call(main, f"--run_dir={finished_run}", f"--cache_dir={tmp_path}", *flags)
    assert (answer.code, answer.out) == (2, [])
    assert line in answer.err[-1]


def test_streamed_images_are_neither_attacked_nor_corrupted(call, tmp_path):
    (tmp_path / "net.keras").touch()
    for flag in ("--attack=fgsm", "--corruption=fog:1"):
        answer = call(main, f"--model={tmp_path}/net.keras", "--dataset=image_folder", f"--data_dir={tmp_path}", flag)
        assert answer.code == 2
        assert "--attack and --corruption take sets of images in memory" in answer.err[-1]
