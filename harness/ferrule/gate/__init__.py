"""Regressions: a baseline or a base, and a candidate go in; a verdict on every operation comes out (docs/gate.md)."""
