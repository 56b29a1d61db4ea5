"""Studies: grids of runs, the engines that carry them out, and what they come to."""
