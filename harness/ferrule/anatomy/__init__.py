"""Where the instructions of an operation go: each instruction of a timed batch, exactly, by function."""
