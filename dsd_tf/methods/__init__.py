"""One file per method: settings -> a plan of phases."""
