"""Hermit's ABI as a table, and a stand-in for its kernel library."""
