"""The gate: measures guests and says whether an operation got worse than its baseline. See docs/gate.md."""
