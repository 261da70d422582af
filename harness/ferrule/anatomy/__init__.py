"""Where the instructions of an operation go: every one of a timed batch, by function, exactly."""
