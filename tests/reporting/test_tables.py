"""Tables look the same in a pipe and on a terminal."""

from __future__ import annotations

from dsd_tf.reporting.tables import make_table, print_table


def test_the_first_column_is_on_the_left_and_the_others_on_the_right(capsys):
    table = make_table("name", "count")
    table.add_row("a", "1")
    table.add_row("long name", "1,000")
    print_table(table)
    assert capsys.readouterr().out.splitlines() == [
        "name       count",
        "a              1",
        "long name  1,000",
    ]


def test_nothing_is_cut_off_however_long_it_is(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    table = make_table("name", "value")
    table.add_row("x" * 150, "y" * 30)
    print_table(table)
    text = capsys.readouterr().out
    assert (text.count("x"), text.count("y")) == (150, 30)
    assert max(map(len, text.splitlines())) <= 118


def test_brackets_in_names_are_text(capsys):
    table = make_table("name")
    table.add_row("runs/[red]a[/red] :fire:")
    print_table(table)
    assert capsys.readouterr().out.splitlines()[1] == "runs/[red]a[/red] :fire:"
