from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib
import pytest

from dsd_tf.errors import UsageError
from dsd_tf.reporting.html.plot import Plot
from dsd_tf.reporting.html.style import INK, RC, grid, look


@pytest.fixture
@matplotlib.rc_context(RC)
def plot() -> Plot:
    figure, [axes] = grid(1)
    axes.plot([1, 2, 3], [0.123456, 0.2, 0.3], **look(0))
    axes.fill_between([1, 2, 3], [0, 0, 0], [1, 1, 1], alpha=0.2)
    axes.set_xlabel("share 99.949 <of> all")
    return Plot("some", 'A "title" & more', "caption", figure, ["x", "y"], [[1, 0.5], ["a,b", None]])


def test_the_csv_file_is_what_the_figure_shows(plot):
    assert plot.csv == 'x,y\n1,0.5\n"a,b",\n'


def test_the_svg_is_well_formed_and_has_a_name(plot):
    # in HTML the prefix needs no declaration
    root = ElementTree.fromstring(plot.svg.replace("xlink:href", "href"))
    assert root.tag == "svg"
    assert root.get("aria-label") == plot.title
    assert root.get("viewBox") is not None and root.get("width") is None


def test_text_stays_text_and_is_not_rounded(plot):
    texts = [text.text for text in ElementTree.fromstring(plot.svg.replace("xlink:href", "href")).iter("text")]
    assert "share 99.949 <of> all" in texts


def test_every_id_is_used_and_begins_with_the_name_of_the_figure(plot):
    ids = re.findall(r' id="([^"]+)"', plot.svg)
    used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', plot.svg)
    assert ids and len(set(ids)) == len(ids)
    assert set(ids) == {one or other for one, other in used}
    assert all(name.startswith("some-") for name in ids)


def test_the_ink_is_that_of_the_page_and_nothing_refers_outside(plot):
    assert INK not in plot.svg.lower()
    assert "currentColor" in plot.svg
    assert "http" not in plot.svg and "@import" not in plot.svg


def test_the_same_figure_gives_the_same_svg(plot):
    assert plot.svg == plot.svg


def test_files_of_a_figure_are_a_png_and_a_csv(plot, tmp_path):
    png, table = plot.write(tmp_path / "new")
    assert (png.name, table.name) == ("some.png", "some.csv")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert table.read_text() == plot.csv


def test_a_folder_that_cannot_be_made_is_a_usage_error(plot, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        plot.write(tmp_path / "file" / "figures")
