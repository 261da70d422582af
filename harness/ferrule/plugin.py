"""The pytest plugin: collects suites, runs one campaign for all of them, and lets each test report its own run."""

from __future__ import annotations

import platform
import secrets
import sys
from collections.abc import Generator
from typing import Any

import pytest

from ferrule import __version__, options
from ferrule.errors import EXIT_INFRASTRUCTURE, FerruleError, UsageError
from ferrule.replay import REPLAY, inject
from ferrule.samples import RunKey, RunResult
from ferrule.session import Case, Session
from ferrule.suite import keys_of, parse_key, parse_place

SESSION = pytest.StashKey[Session]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    options.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; turn bad options into exit code 2 and one line."""
    config.addinivalue_line("markers", "ferrule_family(name, variants): holds the workloads of one family")
    config.addinivalue_line("markers", "ferrule_case(guest, key): one run on one guest")


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each run key and guest."""
    marker = metafunc.definition.get_closest_marker("ferrule_family")
    if marker is None:
        return
    name, variants = marker.args
    with _one_line():
        session = _session(metafunc.config)
        session.families.add(name)
        keys = keys_of(name, variants, parse_place(metafunc.config.getoption("--place")))
        cases = session.cases(name, keys, parse_key(metafunc.config.getoption("--workload") or ""))
    parameters = [
        pytest.param(case, id=f"{case.key}-{case.guest}", marks=pytest.mark.benchmark(timer=REPLAY)) for case in cases
    ]
    metafunc.parametrize("measurement", parameters, indirect=True)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Names that matched nothing are mistakes, not empty runs."""
    held = session.config.stash.get(SESSION, None)
    if held is not None:
        with _one_line():
            held.check_names()


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Measure everything that was collected, then let the tests report."""
    config = session.config
    cases = [item.callspec.params["measurement"] for item in session.items if _is_case(item)]
    if cases and not config.option.collectonly:
        if getattr(config.option, "numprocesses", None):
            with _one_line():
                raise UsageError("-n: two measurements at once disturb each other; run without pytest-xdist")
        capture = config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled(), _one_line():
            _session(config).measure(cases)
    return (yield)


def _is_case(item: pytest.Item) -> bool:
    return "measurement" in getattr(getattr(item, "callspec", None), "params", {})


class Measurement:
    """What a suite's test holds: one run on one guest, already measured."""

    def __init__(self, case: Case, session: Session, benchmark: Any) -> None:
        self.case, self._session, self._benchmark = case, session, benchmark

    @property
    def result(self) -> RunResult:
        """The samples, or the reason why there are none."""
        return self._session.result(self.case)

    def report(self) -> None:
        """Hand the samples to pytest-benchmark; skip what is unsupported, fail what went wrong."""
        run = self.result
        if run.status == "unsupported" or self.case.guest in self._session.skipped:
            pytest.skip(f"{run.status}: {run.reason}")
        if run.status != "ok":
            pytest.fail(f"{self.case.guest}: {run.key}: {run.status}: {run.reason}", pytrace=False)
        if self._session.verify_only:
            return
        summary, extra = self._session.summary(self.case)
        inject(self._benchmark, [value * 1e-9 for value in summary.per_process], str(run.key), extra)


@pytest.fixture
def measurement(request: pytest.FixtureRequest, benchmark: Any) -> Measurement:
    """The measured run that this test is about."""
    return Measurement(request.param, request.config.stash[SESSION], benchmark)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A guest that failed is an infrastructure error to whoever reads the exit code, not a regression."""
    held = session.config.stash.get(SESSION, None)
    if held is not None and held.measured and exitstatus == pytest.ExitCode.TESTS_FAILED:
        session.exitstatus = EXIT_INFRASTRUCTURE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The tables: what all this was for."""
    held = terminalreporter.config.stash.get(SESSION, None)
    if held is not None and held.measured:
        terminalreporter.ensure_newline()
        for line in held.report().splitlines():
            terminalreporter.write_line(line)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_generate_machine_info() -> dict[str, object]:
    """The host, by facts that stay the same from run to run: guests have theirs in extra_info."""
    return {
        "node": platform.node(),
        "machine": platform.machine(),
        "system": platform.system(),
        "release": platform.release(),
        "python_version": platform.python_version(),
    }


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Say which suite wrote this, with which budget and seed, and what failed."""
    held = config.stash.get(SESSION, None)
    if held is not None and held.measured:
        output_json["ferrule"] = {"version": __version__, **held.facts()}


def _session(config: pytest.Config) -> Session:
    if SESSION not in config.stash:
        seed = config.getoption("--seed")
        config.stash[SESSION] = Session(config, secrets.randbits(32) if seed is None else seed)
        _hide_second_table(config)
    return config.stash[SESSION]


def _hide_second_table(config: pytest.Config) -> None:
    """Ours says what pytest-benchmark's says, with intervals; show theirs only to those who ask for it."""
    asked = (
        "--benchmark-verbose",
        "--benchmark-compare",
        "--benchmark-histogram",
        "--benchmark-columns",
        "--benchmark-sort",
    )
    if not any(argument.startswith(asked) for argument in config.invocation_params.args if isinstance(argument, str)):
        config.option.benchmark_quiet = True


class _one_line:
    """A Ferrule error in here ends pytest with the error's exit code and one clear line."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FerruleError):
            sys.stdout.flush()
            pytest.exit(f"ferrule: {error}", returncode=error.exit_code)


__all__ = ["Measurement", "RunKey"]
