"""A finished run, printed for people."""

from __future__ import annotations

from dsd_tf.reporting.results import describe_results

SPLIT = {"top1": 0.5, "top5": 1.0, "loss": 1.0, "examples": 10}
PHASE = {"phase": "dense", "sparsity": 0.0, "kept": 1000, "train": SPLIT, "test": SPLIT, "best_epoch": None}
BEST = {"epoch": 3, "validation_accuracy": 0.6, "test_accuracy": 0.55}
LEVEL = PHASE | {
    "phase": "level01",
    "sparsity": 0.9,
    "kept": 100,
    "validation": SPLIT | {"top1": 0.625},
    "best_epoch": BEST,
}
LAYER = {"name": "a/kernel", "shape": [10, 100], "kept": 100, "positions": 1, "why_dense": ""}


def rows(capsys, *phases):
    summary = {"results": {"phases": phases or [PHASE, LEVEL], "layers": [LAYER]}}
    describe_results("runs/a", summary)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_every_phase_is_a_row_with_its_accuracy_at_the_end_and_at_the_best_epoch(capsys):
    text = rows(capsys)
    assert "dense 0.000% 1,000 50.00% - 50.00% -" in text
    assert "level01 90.000% 100 50.00% 62.50% 50.00% 55.00% (epoch 4)" in text


def test_fitted_noise_is_a_table_of_its_own(capsys):
    fit = {"rate": 0.18, "clean_accuracy": 0.99, "noisy_fitted_given": 0.25, "noisy_fitted_true": 0.5}
    unknown = {"rate": 0.0, "clean_accuracy": 1.0, "noisy_fitted_given": None, "noisy_fitted_true": None}
    text = rows(capsys, PHASE | {"label_noise": fit}, LEVEL | {"label_noise": unknown})
    assert "phase training labels wrong right labels fitted wrong labels fitted true class despite them" in text
    assert "dense 18.00% 99.00% 25.00% 50.00%" in text
    assert "level01 0.00% 100.00% - -" in text


def test_without_noise_there_is_no_such_table(capsys):
    assert not any("wrong" in row for row in rows(capsys))


def test_robust_accuracy_is_a_table_of_its_own(capsys):
    splits = {split: {"robust_accuracy": share} for split, share in (("train", 0.75), ("test", 0.5))}
    found = {"attack": "pgd20", "norm": "linf", "epsilon": 8 / 255, "gap": 0.25, "best_epoch": None, **splits}
    best = found | {"best_epoch": {"epoch": 3, "test_robust_accuracy": 0.55}}
    text = rows(capsys, PHASE | {"robustness": found}, LEVEL | {"robustness": best})
    assert "phase test under pgd20, linf 0.03137 train gap best epoch test then" in text
    assert "dense 50.00% 75.00% 25.00% - -" in text
    assert "level01 50.00% 75.00% 25.00% 4 55.00%" in text


def test_every_layer_is_a_row(capsys):
    assert "a/kernel 10x100 1,000 100 90.00% 0.002 0.000" in rows(capsys)


def test_it_says_that_flops_are_theoretical_and_where_the_files_are(capsys):
    last = rows(capsys)[-1]
    assert last.startswith("FLOPs are theoretical: zeros alone do not make a dense kernel faster.")
    assert last.endswith("runs/a")
