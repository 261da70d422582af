"""How a suite file names what it measures.

A suite is a short pytest file:

    @family("ipc", pipe_bandwidth=[{"size": 4096}, {"size": 65536}])
    def test_ipc(measurement):
        '''Pipes and futexes, both ends on one core and on two.'''
        measurement.report()

It measures every workload in the family's folder: once with the defaults of its declaration row, unless the suite line
gives parameters, and once per placement when it has two ends. A new file in the folder is measured without an edit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., object])


def family(name: str, **variants: Sequence[Mapping[str, int]]) -> Callable[[Test], Test]:
    """Mark a test as measuring the workloads of guest/workloads/<name>/, some of them with parameters."""

    def mark(test: Test) -> Test:
        marked: Test = pytest.mark.ferrule_family(name, variants)(test)
        return marked

    return mark
