"""Builds the payload: names of workloads and C sources go in; a program that contains its plan comes out."""
