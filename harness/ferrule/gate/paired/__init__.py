"""The time tier: base and candidate run in adjacent pairs on one machine, and the pairs decide. See docs/gate.md."""
