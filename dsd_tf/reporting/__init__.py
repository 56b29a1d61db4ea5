"""Tables and plots; reads the run directory only."""
