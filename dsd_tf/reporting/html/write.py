"""The page as files: one HTML file, and a PNG and a CSV file for every figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2

from dsd_tf.files import write_text
from dsd_tf.reporting.html.page import Page, make_page
from dsd_tf.reporting.html.runs import StoredRun

_HERE = Path(__file__).parent


def render(page: Page) -> str:
    """The HTML document; it refers to nothing outside itself."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    css = (_HERE / "page.css").read_text(encoding="utf-8")
    return environment.get_template("page.html.j2").render(page=page, css=css)


def write_page(runs: Sequence[StoredRun], output: Path, figures: Path) -> list[Path]:
    """Write the report of `runs` to `output` and its figures into the folder `figures`; returns the figures' paths.

    Raises:
        UsageError: if no run has finished a phase, or a file cannot be written.
    """
    page = make_page(runs)
    html = render(page)
    written = [path for plot in page.plots for path in plot.write(figures)]
    write_text(output, html)
    return written
