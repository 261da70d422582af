# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2026.10"]
# ///
"""The project's commands: `python3 noxfile.py -s bench`, `-s tests`; also `nox`, `pipx run nox`, `uv run noxfile.py`.

Only Python 3.11 is needed: when nox is missing it is installed into a private environment under .nox/, and this file
is run again with it. Arguments after `--` are passed to ferrule or pytest; paths are relative to the caller's folder.
"""

# No `from __future__ import annotations`: a Python too old for it must reach the check below, not a syntax error.
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

REGRESSION, USAGE, INFRASTRUCTURE = 1, 2, 3  # as ferrule/errors.py has them


def give_up(why: str) -> NoReturn:
    """End with one line and exit code 3: a failure here is no regression."""
    print("noxfile.py: " + why, file=sys.stderr)
    sys.exit(INFRASTRUCTURE)


if sys.version_info < (3, 11):  # noqa: UP036 - this file may be started by any Python
    give_up("Python 3.11 or newer is needed, this is " + platform.python_version())

HOME = Path(__file__).resolve().parent
ENVIRONMENTS = HOME / ".nox" / f"{sys.version_info.major}.{sys.version_info.minor}"  # one for each Python version
LOCKS = HOME / "requirements"
LOCKED_PYTHONS = range(11, 15)  # minor versions of CPython 3 that the locks hold wheels for


def locked() -> bool:
    """Whether the locks hold wheels for the Python and the machine that run this."""
    return (
        sys.platform == "linux"
        and platform.machine() in ("x86_64", "aarch64")
        and platform.python_implementation() == "CPython"
        and sys.version_info.minor in LOCKED_PYTHONS
    )


def bootstrap() -> NoReturn:
    """Install nox into an environment of its own, once, and run this file again with it."""
    boot = ENVIRONMENTS / "boot"
    python, ready = boot / "bin" / "python", boot / "ready"
    if not (ready.exists() and python.exists()):
        if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
            give_up(
                "neither nox nor venv is in this Python; install one of them:"
                " sudo apt-get install -y python3-venv (or: pipx install nox)"
            )
        where = boot.relative_to(HOME)
        print(f"noxfile.py: nox is not installed here; putting it into {where}", file=sys.stderr, flush=True)
        pinned = ["--require-hashes", "-r", str(LOCKS / "nox.lock")] if locked() else ["nox>=2026.10"]
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(boot)], check=True)
            subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "install", "-q", *pinned], check=True)
            ready.touch()
        except subprocess.CalledProcessError as failure:
            give_up(f"nox could not be installed into {where} (exit status {failure.returncode}); see the lines above")
        except OSError as failure:
            give_up(f"nox could not be installed into {where}: {failure.strerror}")
    os.execv(python, [str(python), str(HOME / "noxfile.py"), *sys.argv[1:]])  # noqa: S606 - no shell is the point


if importlib.util.find_spec("nox") is None:
    bootstrap()

import nox  # noqa: E402 - only now it is installed
from nox.command import CommandFailed  # noqa: E402

nox.needs_version = ">=2026.10"
nox.options.envdir = ENVIRONMENTS
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests"]

PROJECT = nox.project.load_toml(HOME / "pyproject.toml")


def install(session: nox.Session, *names: str) -> None:
    """Install locked packages, this checkout (editable), and a C compiler if there is none; once for each content."""
    if {"bench", "dev"} & {*names} and not compiler_here():
        names += ("compiler",)
    files = [HOME / "pyproject.toml", HOME / "noxfile.py", *(LOCKS / f"{name}.lock" for name in names)]
    content = b"\0".join([os.fsencode(HOME), *(file.read_bytes() for file in files)])
    wanted, stamp = hashlib.sha256(content).hexdigest(), Path(session.virtualenv.location) / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    try:
        if locked():
            for name in names:
                session.install("-q", "--no-compile", "--require-hashes", "-r", str(LOCKS / f"{name}.lock"))
        else:
            session.warn(f"the locks do not cover this Python on this machine ({sys.version}): installing by ranges")
            session.install("-q", *ranges(*names))
        session.install("-q", "--no-deps", "--no-build-isolation", "-e", str(HOME))
    except CommandFailed:
        give_up("the packages could not be installed, see the lines above; can the package index be reached?")
    stamp.write_text(wanted)


def ranges(*names: str) -> list[str]:
    """The requirements from which the locks of these names are made, with the version ranges of pyproject.toml."""
    build: list[str] = PROJECT["build-system"]["requires"]
    runtime: list[str] = PROJECT["project"]["dependencies"]
    extras: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
    of = {
        "bench": [*build, *runtime],
        "dev": [*build, *runtime, *nox.project.dependency_groups(PROJECT, "test", "lint")],
        "anatomy": extras["anatomy"],
        "compiler": extras["compiler"],
        "validate": extras["validate"],
        "fuzz": nox.project.dependency_groups(PROJECT, "fuzz"),
        "nox": list(nox.project.load_toml(HOME / "noxfile.py")["dependencies"]),
    }
    return [requirement for name in names for requirement in of[name]]


def of_caller(session: nox.Session, argument: str) -> str:
    """An argument; if it names a file in the caller's folder, or a test in one, as an absolute path."""
    path = Path(session.invoked_from) / argument.partition("::")[0]
    return os.path.join(session.invoked_from, argument) if path.exists() else argument  # noqa: PTH118 - `::` stays


def compiler_here() -> bool:
    """Whether there is a C compiler, `$CC` or `cc`; otherwise ziglang from PyPI is needed."""
    return bool(os.environ.get("CC")) or shutil.which("cc") is not None


class Passed(SystemExit):
    """The end of a ferrule command, with that command's exit code."""

    own = True  # nox reads this file a second time, so there are two classes of this name: isinstance would fail


def passing_through(session: nox.Session, *command: str) -> None:
    """Run a command in the caller's folder and end with its exit code; nox itself would turn 2 and 3 into 1."""
    try:
        with session.chdir(session.invoked_from):
            session.run(*command)
    except CommandFailed as failure:
        code = failure.return_code or 0
        raise Passed(code if code > 0 else INFRASTRUCTURE) from None


def command(session: nox.Session, name: str, *locks: str) -> None:
    """Run a ferrule command."""
    install(session, "bench", *locks)
    passing_through(session, "ferrule", name, *session.posargs)


def wanted_kernels(words: Sequence[str]) -> tuple[str, list[str]]:
    """The value of `--get`, an option of bench only: kernels to build first; and all other arguments."""
    rest, names = list(words), ""
    for place, word in enumerate(words):
        if word == "--get" or word.startswith("--get="):
            took = 1 if "=" in word else 2
            names = word.partition("=")[2] if took == 1 else " ".join(words[place + 1 : place + 2])
            rest[place : place + took] = []
            if not names:
                print("noxfile.py: --get: name kernels, e.g. --get starry,hermit", file=sys.stderr)
                raise Passed(USAGE)
            break
    return names, rest


@nox.session(reuse_venv=True)
def bench(session: nox.Session) -> None:
    """Measure this machine and the guests it can boot; `-- --get starry,hermit` builds these kernels first."""
    names, words = wanted_kernels(session.posargs)
    install(session, "bench")
    if names:
        passing_through(session, "ferrule", "kernel", "get", names)
    passing_through(session, "ferrule", "doctor", *words)
    passing_through(session, "ferrule", "run", *words)


@nox.session(reuse_venv=True)
def kernels(session: nox.Session) -> None:
    """Build real Rust kernels from pinned packages into the cache: starry and hermit, or those named after `--`."""
    install(session, "bench")
    passing_through(session, "ferrule", "kernel", "get", *(session.posargs or ["starry,hermit"]))


COMMANDS = {  # session and command: what it does, and the additional locks that it needs
    "gate": ("Compare with baselines, or a base with a candidate; ends with 1 where an operation got worse.",),
    "anatomy": ("Show where every instruction goes: `-- --guest linux,floor --workload pipe_latency`.", "anatomy"),
    "power": ("Count what idle kernels do: `-- --guest linux,floor --sleepers`.", "anatomy"),
    "validate": ("Test the harness on samples with known true values; writes results/validation.md.", "validate"),
    "agree": ("Run workloads and other benchmarks' programs in turns: `-- --peers DIR` has your builds of them.",),
    "publish": ("Write the stored results to results/published/ and results/site/.",),
}


def ours(session: nox.Session) -> None:
    """One of COMMANDS."""
    command(session, session.name, *COMMANDS[session.name][1:])


for name, (about, *_) in COMMANDS.items():
    nox.session(name=name, reuse_venv=True)(ours).__doc__ = about


@nox.session(reuse_venv=True)
def tests(session: nox.Session) -> None:
    """Lint, then test the harness and the payload."""
    check(session)
    side_by_side = ("-n", str(min(os.cpu_count() or 1, 4) + 1), "--dist", "loadfile")  # most tests wait or boot
    session.run(*("python", "-m", "pytest", *side_by_side), *(of_caller(session, one) for one in session.posargs))


@nox.session(reuse_venv=True)
def clock(session: nox.Session) -> None:
    """Run the tests that assert times and clock rates; they need an idle machine, unlike those of `tests`."""
    install(session, "dev")
    session.run("python", "-m", "pytest", "-m", "clock", *(of_caller(session, word) for word in session.posargs))


LONG = {  # session: what it does, its test, and the default of FERRULE_<SESSION>, the amount; `tests` does less
    "kills": ("Kill runs and their QEMU at random moments, and resume them.", "test_kills.py", "200"),
    "streams": ("Read damaged and hostile streams: none becomes a wrong sample.", "records/test_many.py", "10000000"),
    "formats": ("Read damaged and hostile files of each stored format.", "test_formats.py", "100000"),
    "fuzz": ("Fuzz every reader and the C core; the amount is seconds for each.", "test_fuzz.py", "600"),
    "soak": ("Measure for hours; descriptors, memory and files must not grow. In seconds.", "test_soak.py", "7200"),
    "site": ("Check every page of the site in headless Chromium.", "site/test_browser.py", "all"),
    "rebuild": ("Build kernels twice in different folders: equal images.", "kernels/test_rebuild.py", "starry,hermit"),
}


def long_test(session: nox.Session) -> None:
    """One of LONG."""
    _, file, amount = LONG[session.name]
    install(session, "dev", *(["fuzz"] if session.name == "fuzz" else []))
    os.environ.setdefault(f"FERRULE_{session.name.upper()}", amount)
    session.run("python", "-m", "pytest", "-q", "-s", f"tests/{file}", *session.posargs)


for name, (about, *_) in LONG.items():
    nox.session(name=name, reuse_venv=True)(long_test).__doc__ = about


@nox.session(reuse_venv=True)
def lint(session: nox.Session) -> None:
    """Check style and types of the Python, and the format of the C."""
    check(session)


def check(session: nox.Session) -> None:
    """All linters, the fastest first."""
    install(session, "dev")
    session.run("ruff", "check", "-q")
    session.run("ruff", "format", "-q", "--check")
    sources = sorted(str(path.relative_to(HOME)) for path in (HOME / "guest").rglob("*.[ch]"))
    session.run("clang-format", "--dry-run", "-Werror", *sources, silent=True, log=False)
    session.run("mypy", "--no-error-summary")


@nox.session
def lock(session: nox.Session) -> None:
    """Compile pyproject.toml's ranges into requirements/*.lock: names, versions and hashes, without URLs."""
    session.install("-q", "uv")
    wanted = Path(session.create_tmp()) / "wanted.in"
    constraints: list[str] = []
    for name in ("dev", "bench", "anatomy", "compiler", "validate", "fuzz", "nox"):
        wanted.write_text("\n".join(ranges(name)))
        session.run(
            *("uv", "pip", "compile", "-q", "--upgrade", str(wanted), "-o", str(LOCKS / f"{name}.lock")),
            *("--universal", "--python-version", "3.11", "--generate-hashes", *constraints),
            *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
            silent=True,
        )
        constraints = ["-c", str(LOCKS / "dev.lock")]  # one version of everything, whatever the file


if __name__ == "__main__":
    sys.argv[1:1] = ["--noxfile", str(HOME / "noxfile.py")]
    try:
        nox.main()
    except SystemExit as end:  # nox ends with 1 on every failure
        sys.exit(INFRASTRUCTURE if end.code == REGRESSION and not hasattr(end, "own") else end.code)
