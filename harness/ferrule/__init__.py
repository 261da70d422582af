"""Ferrule: syscall and IPC micro-benchmarks for the new Rust operating systems."""

__version__ = "0.1.0"
