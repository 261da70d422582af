"""Builds what a machine boots from: kernels, archives and file systems, from programs and the user's files."""
