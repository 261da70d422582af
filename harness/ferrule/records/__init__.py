"""Decodes and checks a guest's output: bytes of the record stream go in; samples with their conditions come out."""
