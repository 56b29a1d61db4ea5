"""Tables on standard output."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

_WIDTH = 118


def make_table(*columns: str) -> Table:
    """A table without lines, its first column on the left and the others on the right."""
    table = Table(box=None, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", overflow="fold")
    return table


def print_table(table: Table) -> None:
    """Print at a fixed width, so that a pipe and a terminal show the same."""
    Console(width=_WIDTH, highlight=False, markup=False, emoji=False).print(table)
