from __future__ import annotations

import dataclasses
import shlex

from hypothesis import given
from hypothesis import strategies as st

from dsd_tf.reporting.html.commands import report_command, train_command
from dsd_tf.reporting.html.runs import StoredRun
from dsd_tf.settings import Settings


def run_of(path: str = "runs/a", **values) -> StoredRun:
    return StoredRun(path, Settings(**values), {}, [], [], [], finished=True)


def test_a_command_names_the_data_set_and_what_is_not_the_default():
    assert train_command(run_of(epochs=7, nesterov=True)) == (
        "bin/train --dataset=digits --epochs=7 --nesterov=true --run_dir=runs/a"
    )


def test_data_that_do_not_come_with_the_package_need_a_place():
    assert train_command(run_of(dataset="mnist")) == "bin/train --dataset=mnist --data_dir=DIR --run_dir=runs/a"


@given(
    st.floats(1e-6, 10), st.integers(0, 2**31), st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.booleans()
)
def test_the_flags_of_a_command_are_the_settings(lr, seed, exclude, nesterov):
    settings = Settings(lr=lr, seed=seed, exclude=exclude, nesterov=nesterov)
    words = shlex.split(train_command(StoredRun("runs/a b", settings, {}, [], [], [], finished=True)))
    flags = dict(word.removeprefix("--").split("=", 1) for word in words[1:])
    assert flags.pop("run_dir") == "runs/a b"
    types = {field.name: type(field.default) for field in dataclasses.fields(Settings)}
    values = {name: text == "true" if types[name] is bool else types[name](text) for name, text in flags.items()}
    assert Settings(**values) == settings


def test_the_command_of_the_report_names_its_runs():
    runs = [run_of("runs/a"), run_of("runs/b c")]
    assert report_command(runs) == "bin/report --run_dir=runs/a --run_dir='runs/b c' --output=report.html"
