"""A figure with its caption and its numbers, as SVG for the page and as PNG and CSV files."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from dsd_tf.files import replacing, write_text
from dsd_tf.reporting.html.style import INK, RC

_PNG_DPI = 130
_NEEDLESS = (
    r"<style.*?</style>",
    r' xmlns(:xlink)?="[^"]*"',
    r"font-family: [^;]*; ",
    r' transform="rotate\(-0 [^"]*"',
    r"\n *(?=[<\n])",
)
_STYLE = r' style="([^"]*)"'


@dataclass(frozen=True)
class Plot:
    """A figure; `name` is the stem of its files, `columns` and `rows` are what it shows."""

    name: str
    title: str
    caption: str
    figure: Figure
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    @property
    def svg(self) -> str:
        """An <svg> element for an HTML page: text stays text, its ink is the page's, its ids are its own."""
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        with matplotlib.rc_context(RC):
            self.figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
        return _embedded(buffer.getvalue(), self.name, self.title)

    @property
    def csv(self) -> str:
        """The numbers, a header line first."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return buffer.getvalue()

    def write(self, folder: Path) -> list[Path]:
        """Write NAME.png and NAME.csv into `folder`; UsageError if that cannot be done."""
        png, table = folder / f"{self.name}.png", folder / f"{self.name}.csv"
        with replacing(png) as temporary, matplotlib.rc_context(RC):
            self.figure.savefig(temporary, format="png", dpi=_PNG_DPI, metadata={"Software": None})
        write_text(table, self.csv)
        return [png, table]


def _embedded(document: str, name: str, title: str) -> str:
    svg = document[document.index("<svg") :]
    for needless in _NEEDLESS:
        svg = re.sub(needless, "", svg, flags=re.DOTALL)
    svg = re.sub(r' (d|x|y)="[^"]*"', lambda match: re.sub(r"(\.\d)\d+", r"\1", match[0]).replace("\n", ""), svg)
    svg = re.sub(re.escape(INK), "currentColor", svg, flags=re.IGNORECASE)
    head = f'<svg role="img" aria-label="{html.escape(title)}"'
    return _short_styles(_own_ids(re.sub(r'<svg width="[^"]*" height="[^"]*"', head, svg), name), name)


def _own_ids(svg: str, name: str) -> str:
    """Ids that begin with `name`, those alone that are referred to: a page holds many figures."""
    used = dict.fromkeys(one or other for one, other in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg))
    own = {old: f"{name}-{index}" for index, old in enumerate(used)}
    svg = re.sub(r' id="([^"]+)"', lambda match: f' id="{own[match[1]]}"' if match[1] in own else "", svg)
    svg = re.sub(r'href="#([^"]+)"', lambda match: f'href="#{own[match[1]]}"', svg)
    return re.sub(r"url\(#([^)]+)\)", lambda match: f"url(#{own[match[1]]})", svg)


def _short_styles(svg: str, name: str) -> str:
    """Styles as classes: every marker of a curve repeats its own."""
    styles = {style: f"{name}-s{index}" for index, style in enumerate(dict.fromkeys(re.findall(_STYLE, svg)))}
    svg = re.sub(_STYLE, lambda match: f' class="{styles[match[1]]}"', svg)
    sheet = "".join(f".{short}{{{style}}}" for style, short in styles.items())
    return svg.replace(">", f"><style>{sheet}</style>", 1)
