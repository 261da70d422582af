"""What the user asks of a measurement: command-line words go in, checked choices come out; pytest is not needed."""
