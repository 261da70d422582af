"""The harness against itself: known truths go in; how well they were found comes out."""
