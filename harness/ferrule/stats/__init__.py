"""Estimators, intervals, flags and comparisons: pure functions on numpy arrays, every formula with its source."""
