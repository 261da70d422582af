"""For all tests: hypothesis counts no milliseconds, because other builds and guests share the machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ferrule", deadline=None)
settings.load_profile("ferrule")
