"""The options of a measurement: command-line arguments go in, checked choices come out; pytest is not needed."""
