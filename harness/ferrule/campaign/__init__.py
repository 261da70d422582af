"""The order of it all: guests, runs and a budget go in; what every guest gave comes out, whatever went wrong."""
