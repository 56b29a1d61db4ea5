from __future__ import annotations

import dataclasses
import re

import html5lib
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.reporting.html.page import make_page
from dsd_tf.reporting.html.write import render, write_page


@pytest.fixture(scope="module")
def document(descent_run) -> str:
    """The page of a whole study: three seeds, sixty epochs a level."""
    return render(make_page([descent_run(seed=seed, epochs=60) for seed in range(3)]))


def test_the_page_is_valid_html(document):
    html5lib.HTMLParser(strict=True).parse(document)


def test_the_page_refers_to_nothing_outside_itself(document):
    references = re.findall(r'(?:src|href|xlink:href|action|data)="([^"]*)"', document)
    assert references
    assert all(reference.startswith(("#", "data:image/png;base64,")) for reference in references)
    assert set(re.findall(r"url\((.)", document)) == {"#"}
    assert "@import" not in document and "<script" not in document and "http" not in document


def test_every_reference_within_the_page_has_its_target_and_ids_are_unique(document):
    ids = re.findall(r' id="([^"]+)"', document)
    assert len(set(ids)) == len(ids)
    targets = {one or other for one, other in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', document)}
    assert targets <= set(ids)


def test_a_study_of_25_levels_and_three_seeds_takes_less_than_half_a_megabyte(document):
    assert len(document.encode()) < 500_000


def test_names_cannot_inject_markup(descent_run):
    run = dataclasses.replace(descent_run(levels=3, exclude="<b>x</b>"), path='runs/<script>"&')
    document = render(make_page([run]))
    assert "<script" not in document and "<b>" not in document
    html5lib.HTMLParser(strict=True).parse(document)


def test_the_same_runs_give_the_same_page(descent_run, document):
    assert render(make_page([descent_run(seed=seed, epochs=60) for seed in range(3)])) == document


def test_every_figure_is_written_beside_the_page(dsd_run, tmp_path):
    written = write_page([dsd_run()], tmp_path / "report.html", tmp_path / "figures")
    names = {"accuracy_by_phase.png", "accuracy_by_phase.csv", "training_runs.png", "training_runs.csv"}
    assert {path.name for path in (tmp_path / "figures").iterdir()} == names == {path.name for path in written}
    assert "accuracy_by_phase.png" in (tmp_path / "report.html").read_text()


def test_a_page_that_cannot_be_written_leaves_the_old_one(dsd_run, tmp_path, file_size_limit):
    output = tmp_path / "report.html"
    output.write_text("before")
    with file_size_limit(100), pytest.raises(UsageError, match="cannot write"):
        write_page([dsd_run()], output, tmp_path / "figures")
    assert output.read_text() == "before"
    assert not list(tmp_path.rglob(".tmp-*"))
