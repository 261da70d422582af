"""The pytest plugin: collects suites, runs one campaign for all of them, and lets each test report its own run."""

from __future__ import annotations

import glob
import json
import secrets
import shlex
import warnings
from argparse import Namespace
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ferrule import __version__, companion, exits, paths
from ferrule.errors import EXIT_INFRASTRUCTURE, FerruleError, InfrastructureError, UsageError
from ferrule.options import flags
from ferrule.options.measurement import check
from ferrule.records.samples import WITHOUT, RunResult
from ferrule.replay import REPLAY, inject
from ferrule.report import unfinished
from ferrule.session import Case, Session

SESSION = pytest.StashKey[Session]()
RESUMED = pytest.StashKey[unfinished.Found]()
REFUSED = pytest.StashKey[UsageError]()  # set when a worker of pytest-xdist collected a measurement
OUTPUT = pytest.StashKey[exits.Output | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    flags.add_all(lambda title: parser.getgroup(f"ferrule: {title}").addoption)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Replace the standard streams before pytest saves them: a reader that closes early ends no measurement."""
    stack = ExitStack()
    early_config.stash[OUTPUT] = stack.enter_context(exits.output())
    early_config.add_cleanup(stack.close)
    yield


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the markers; `--json` is pytest-benchmark's own option under a shorter name."""
    if config.getoption("--json"):
        config.option.benchmark_json = config.getoption("--json")
    config.pluginmanager.register(companion, "ferrule-companion")
    config.addinivalue_line(
        "python_files", f"{glob.escape(str(paths.suites()))}/bench_*.py"
    )  # in addition to the user's own settings
    config.addinivalue_line("markers", "ferrule_family(name, variants): holds the workloads of one family")
    config.addinivalue_line("markers", "ferrule_case(guest, key): one run on one guest")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Report a bad option here: one line and our exit code, before pytest prints anything."""
    try:
        if (found := unfinished.continued(config.option)) is not None:
            config.stash[RESUMED] = found
        check(config.option)
    except Exception as error:
        return exits.report(error)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each run key and guest."""
    marker = metafunc.definition.get_closest_marker("ferrule_family")
    if marker is None:
        return
    if (output := getattr(metafunc.config, "workeroutput", None)) is not None:  # a worker of pytest-xdist
        output["ferrule"] = companion.MANY
        raise pytest.Collector.CollectError(companion.MANY)
    name, variants = marker.args
    session = _session(metafunc.config)
    try:
        cases = session.cases(name, variants)
    except FerruleError as error:  # pytest would show it in a traceback: kept until the run loop
        session.refused = session.refused or error
        cases = []
    timed = pytest.mark.benchmark(timer=REPLAY)
    parameters = [pytest.param(case, id=f"{case.key}-{case.guest}", marks=timed) for case in cases]
    metafunc.parametrize("measurement", parameters, indirect=True)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Refuse the run when a worker of pytest-xdist collected a measurement."""
    if refusal := getattr(node, "workeroutput", {}).get("ferrule"):
        node.config.stash[REFUSED] = UsageError(refusal)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the families that have no run after --suite and --workload."""
    empty = [item for item in items if item.get_closest_marker("ferrule_family") and _case(item) is None]
    if empty:
        items[:] = [item for item in items if item not in empty]
        config.hook.pytest_deselected(items=empty)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Measure everything that was collected, then let the tests report."""
    ours = session.config.stash.get(SESSION, None)
    cases = [case for item in session.items if (case := _case(item)) is not None]
    if ours is None or session.config.option.collectonly or (not cases and ours.refused is None):
        return None
    capture = session.config.pluginmanager.getplugin("capturemanager")
    try:
        if ours.refused is not None:
            raise ours.refused
        companion.refuse(session.config, ours.verify_only)
        with capture.global_and_fixture_disabled(), exits.ended_by_signals():
            ours.measure(cases)
    except KeyboardInterrupt as end:
        ours.exit_code = exits.report(end)
        return True
    except Exception as error:
        ours.exit_code = exits.report(error)
        return None if ours.measured else True  # what was measured is reported, also when it could not be stored
    return None


def _case(item: pytest.Item) -> Case | None:
    """The case that a collected test measures; None when the test is not ours."""
    found = getattr(getattr(item, "callspec", None), "params", {}).get("measurement")
    return found if isinstance(found, Case) else None


class Measurement:
    """What a suite's test receives: one run on one guest, already measured."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.case: Case = request.param
        self._session = request.config.stash[SESSION]
        self._request = request

    @property
    def result(self) -> RunResult:
        """The samples, or the reason why there are none."""
        return self._session.result(self.case)

    def report(self) -> None:
        """Hand the samples to pytest-benchmark; skip what is unsupported, fail what went wrong."""
        run = self.result
        if run.status in WITHOUT or self.case.guest in self._session.skipped:
            pytest.skip(f"{run.status}: {run.reason}")
        if run.status != "ok":
            pytest.fail(f"{self.case.guest}: {run.key}: {run.status}: {run.reason}", pytrace=False)
        if self._session.verify_only:
            return
        summary, extra = self._session.summary(self.case)
        # Asked for only now: pytest-benchmark objects to a fixture that was requested and not used.
        benchmark = self._request.getfixturevalue("benchmark")
        samples = [value * 1e-9 for value in summary.per_process]
        self._session.injected |= inject(benchmark, samples, companion.group_of(summary), extra)
        if why := self._session.doubt(self.case):
            pytest.fail(f"{self.case.guest}: {run.key}: implausible: {why}", pytrace=False)


@pytest.fixture
def measurement(request: pytest.FixtureRequest) -> Measurement:
    """The measured run that this test is about."""
    return Measurement(request)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None]:
    """End with our exit code: a guest that failed is no regression, and neither is an interruption."""
    ours = session.config.stash.get(SESSION, None)
    try:
        with warnings.catch_warnings():
            if ours is not None and not ours.injected:
                warnings.filterwarnings("ignore", "Not saving anything")  # the verdicts are saved below
            yield
        _write_verdicts(session.config, ours)
    except Exception as error:  # such as pytest-benchmark's file; pytest then prints no summary
        if ours is None:
            raise
        if ours.measured:
            print(ours.report())
        ours.exit_code = exits.report(_of_json(error))
    if (refused := session.config.stash.get(REFUSED, None)) is not None:
        session.exitstatus = exits.report(refused)
    if ours is not None:
        session.exitstatus = _ending(ours, session.config.option, exitstatus)
        if (output := session.config.stash.get(OUTPUT, None)) is not None:
            session.exitstatus = output.settle(session.exitstatus)


def _ending(ours: Session, option: Namespace, exitstatus: int) -> int:
    """Our exit code for pytest's exit code."""
    if ours.exit_code:
        return ours.exit_code
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        return exits.report(UsageError(_nothing_chosen(option)))
    if exitstatus in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        return EXIT_INFRASTRUCTURE
    if ours.measured and (why := ours.nothing()):
        return exits.report(UsageError(why))
    return exitstatus


def _nothing_chosen(option: Namespace) -> str:
    """Why no run is left to measure."""
    chosen = {"--suite": option.suite, "--workload": option.workload, "-k": option.keyword, "-m": option.markexpr}
    given = " ".join(f"{flag} {shlex.quote(value)}" for flag, value in chosen.items() if value)
    return f"{given or 'the suites named'}: no run is left to measure; ferrule list --suite NAME lists a suite's runs"


def _of_json(error: Exception) -> Exception:
    """The same error, with the name of our flag."""
    if isinstance(error, OSError) and error.filename is None:
        return InfrastructureError(f"--json: {error.strerror}")
    return error


def _write_verdicts(config: pytest.Config, ours: Session | None) -> None:
    """Write the verdicts to the --json file when pytest-benchmark writes none because no run has numbers."""
    path = config.getoption("benchmark_json", None)
    if ours is None or not ours.measured or ours.injected or not path:
        return
    with Path(path).open("w", encoding="utf-8") as out:
        json.dump(companion.document(config), out, indent=4)
        out.write("\n")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables."""
    ours = terminalreporter.config.stash.get(SESSION, None)
    if ours is not None and ours.measured:
        terminalreporter.ensure_newline()
        for line in ours.report().splitlines():
            terminalreporter.write_line(line)


@pytest.hookimpl(optionalhook=True, trylast=True)
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add our version, the budget and seed, the outcome of every run, and what failed."""
    ours = config.stash.get(SESSION, None)
    if ours is not None and ours.measured:
        output_json["ferrule"] = {"version": __version__, **ours.facts()}
        companion.seal(output_json)


def _session(config: pytest.Config) -> Session:
    if SESSION not in config.stash:
        seed = config.getoption("--seed")
        found = config.stash.get(RESUMED, None)
        config.stash[SESSION] = Session(config, secrets.randbits(32) if seed is None else seed, found)
    return config.stash[SESSION]
