"""For all tests: how hypothesis chooses examples.

There is no time limit for an example, because other builds and guests share the machine. The examples are the same in
every run, so that a change that passes here passes everywhere; `--hypothesis-profile=explore` takes new ones.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("explore", deadline=None)
settings.register_profile("ferrule", deadline=None, derandomize=True)
settings.load_profile("ferrule")
