"""A package, so that test files can share helpers: `python -m pytest` from the checkout finds it by this name."""
