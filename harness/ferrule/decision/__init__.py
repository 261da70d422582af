"""Kernels against each other: stored runs go in; who leads in what, by how much and with which gaps comes out."""
