"""Tests of the harness itself: samples with a known true value go in; how well it was found comes out."""
