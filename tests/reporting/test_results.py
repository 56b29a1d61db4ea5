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


def rows(capsys):
    summary = {"results": {"phases": [PHASE, LEVEL], "layers": [LAYER]}}
    describe_results("runs/a", summary)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_every_phase_is_a_row_with_its_accuracy_at_the_end_and_at_the_best_epoch(capsys):
    text = rows(capsys)
    assert "dense 0.000% 1,000 50.00% - 50.00% -" in text
    assert "level01 90.000% 100 50.00% 62.50% 50.00% 55.00% (epoch 4)" in text


def test_every_layer_is_a_row(capsys):
    assert "a/kernel 10x100 1,000 100 90.00% 0.002 0.000" in rows(capsys)


def test_it_says_that_flops_are_theoretical_and_where_the_files_are(capsys):
    last = rows(capsys)[-1]
    assert last.startswith("FLOPs are theoretical: zeros alone do not make a dense kernel faster.")
    assert last.endswith("runs/a")
