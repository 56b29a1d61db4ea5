"""The page as a browser lays it out, 1280 pixels wide."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dsd_tf.reporting.html.page import make_page
from dsd_tf.reporting.html.write import render

WIDTH = 1280
# what is measured: the page's width, the figures' places, and text that leaves its figure or meets its neighbour
MEASURE = """
<script>
addEventListener("load", () => {
  const box = (element) => element.getBoundingClientRect();
  const inside = (one, other) => one.left >= other.left - 1 && one.right <= other.right + 1
    && one.top >= other.top - 1 && one.bottom <= other.bottom + 1;
  const meets = (one, other) => one.left < other.right - 1 && other.left < one.right - 1
    && one.top < other.bottom - 2 && other.top < one.bottom - 2;
  const found = {width: document.documentElement.scrollWidth, figures: [], outside: [], overlapping: []};
  for (const svg of document.querySelectorAll("svg")) {
    const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, box(text)]);
    found.figures.push([svg.getAttribute("aria-label"), box(svg).width, box(svg).height]);
    for (const [text, place] of texts) if (!inside(place, box(svg))) found.outside.push(text);
    texts.forEach(([text, place], index) => {
      for (const [other, its] of texts.slice(index + 1)) if (meets(place, its)) found.overlapping.push([text, other]);
    });
  }
  document.title = JSON.stringify(found);
});
</script>
"""


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    """Lays pages out; skips without a browser."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("needs a browser: install chromium")

    def measure(document: str) -> dict[str, Any]:
        folder: Path = tmp_path_factory.mktemp("page")
        (folder / "page.html").write_text(document.replace("</body>", f"{MEASURE}</body>"), encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   f"--user-data-dir={folder / 'profile'}", f"--window-size={WIDTH},900"]  # fmt: skip
        command = [browser, *options, "--dump-dom", (folder / "page.html").as_uri()]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        title = re.search("<title>(.*?)</title>", answer.stdout, re.DOTALL)[1]
        return json.loads(title.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))

    return measure


@pytest.fixture(
    scope="module",
    params=["one ladder", "several ladders", "dense sparse dense", "all kinds"],
)
def layout(request, laid_out, descent_run, dsd_run) -> dict[str, Any]:
    """The layout of pages of several kinds."""
    runs = {
        "one ladder": [descent_run(seed=seed, epochs=20) for seed in range(2)],
        "several ladders": [descent_run(retrain=retrain) for retrain in ("rewind", "rewind_lr", "scratch")],
        "dense sparse dense": [dsd_run()],
        "all kinds": [descent_run(), dsd_run(), dsd_run(sparsity=0.3), dsd_run(exclude="a*, " * 40)],
    }
    return laid_out(render(make_page(runs[request.param])))


def test_the_page_fits_a_window_of_1280_pixels(layout):
    assert layout["width"] <= WIDTH


def test_every_figure_is_as_wide_as_the_text(layout):
    assert layout["figures"]
    assert all(width > 900 and height > 100 for _, width, height in layout["figures"])


def test_no_label_leaves_its_figure(layout):
    assert layout["outside"] == []


def test_no_label_meets_another(layout):
    assert layout["overlapping"] == []
