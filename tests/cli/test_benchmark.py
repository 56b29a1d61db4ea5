"""`bin/benchmark`: suites of measurements, each of them replaced by one that takes no time."""

from __future__ import annotations

import json

import pytest

from benchmarks import suites
from benchmarks.measures import turns
from benchmarks.measures.rows import Row, ratio_row, skipped_row
from dsd_tf.cli import benchmark


def measured(quick):
    turns.watch.get()("a round")
    yield Row("a step", "0.900x plain", "0.8 to 1.0", target=1.0, value=0.9)
    yield Row("another", "1.200x plain", target=1.1, value=1.2)


def skipping(quick):
    yield skipped_row("beside PyTorch", "not installed: torch" + ", quickly" * quick)


@pytest.fixture(autouse=True)
def instant(monkeypatch):
    class Instant(suites.Measure):
        _function = property(lambda self: {"measured": measured, "skipping": skipping}[self.place])

    measures = {"steps": Instant("measured", 10, 1), "torch": Instant("skipping", 10, 1)}
    monkeypatch.setattr(suites, "SUITES", {"peers": measures, "loop": {}})


def test_it_prints_a_table_and_last_what_was_missed_and_skipped(call):
    answer = call(benchmark.main, "--suite=peers", "--quick")
    last = json.loads(answer.out[-1])
    assert answer.code == 0
    assert (last["rows"], last["missed"], last["skipped"]) == (3, ["another"], ["beside PyTorch"])
    assert any(line.startswith("processor: ") for line in answer.out)
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in answer.out if line.startswith("| ")]
    assert table == [
        ["measured", "figure", "quartiles, and in units", "target"],
        ["a step", "0.900x plain", "0.8 to 1.0", "<= 1: met"],
        ["another", "1.200x plain", "", "<= 1.1: MISSED"],
        ["beside PyTorch", "skipped", "not installed: torch, quickly", ""],
    ]


def test_the_file_has_machine_and_rows_of_what_was_asked_for(call, tmp_path):
    output = tmp_path / "figures.json"
    assert call(benchmark.main, "--suite=peers", "--only=torch", f"--output={output}").code == 0
    written = json.loads(output.read_text())
    assert (written["suite"], written["quick"]) == ("peers", False)
    assert written["machine"]["cores"] > 0
    assert [row["measured"] for row in written["rows"]] == ["beside PyTorch"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "error: unknown --suite ''; did you mean "),
        (("--suite=peer",), "error: unknown --suite 'peer'; did you mean 'peers'? (valid: loop, peers)"),
        (
            ("--suite=peers", "--only=step"),
            "error: unknown measurement of --suite=peers in --only 'step'; did you mean",
        ),
        (("--suite=peers", "--output=/proc/none/a.json"), "error: cannot write /proc/none/a.json"),
    ],
)
def test_bad_input_ends_with_one_line_and_exit_code_2(call, arguments, message):
    answer = call(benchmark.main, *arguments)
    assert (answer.code, len(answer.err)) == (2, 1)
    assert answer.err[0].startswith(message)
    assert answer.out == []


def test_without_the_folder_of_measures_it_says_so(call, monkeypatch, tmp_path):
    monkeypatch.setattr(benchmark, "ROOT", tmp_path)
    answer = call(benchmark.main, "--suite=peers")
    assert answer.code == 2
    assert answer.err == [
        f"error: bin/benchmark needs the folder benchmarks/ of a checkout; there is none in {tmp_path}"
    ]


def test_a_ratio_is_the_median_of_the_pairs_with_quartiles():
    row = ratio_row("a", [1.0, 2.0, 6.0], [1.0, 1.0, 2.0], to="b", unit="ms", scale=1e3, target=1.5)
    assert (row.value, row.figure, row.detail) == (2.0, "2.000x b", "1.000 to 3.000; 2000 ms")
    assert row.is_missed


def test_sides_take_turns_and_the_first_round_is_dropped():
    calls = []

    def side(name):
        return lambda: calls.append(name) or len(calls)

    found = turns.take_turns({"a": side("a"), "b": side("b")}, rounds=3)
    assert sorted(calls) == ["a"] * 4 + ["b"] * 4
    assert sorted(found["a"] + found["b"]) == [3, 4, 5, 6, 7, 8]
