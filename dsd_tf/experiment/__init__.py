"""Plans, the runner, the run directory, checkpoints, resume."""
