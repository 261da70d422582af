"""The harness against itself: known truths are put in, and what comes out must be them."""
