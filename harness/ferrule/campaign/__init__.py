"""Runs a measurement: guests, runs and a budget go in; a result or a reason for each guest and run comes out."""
