"""One self-contained HTML file about any number of runs."""
