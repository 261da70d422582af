"""For all tests: hypothesis sets no time limit for an example, because other builds and guests share the machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ferrule", deadline=None)
settings.load_profile("ferrule")
