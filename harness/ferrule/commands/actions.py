"""What each command does with its parsed arguments. Heavy modules are imported by the command that needs them."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from pathlib import Path

from ferrule import paths
from ferrule.errors import EXIT_OK, UsageError


def show_workloads(parsed: Namespace) -> int:
    """`ferrule list`."""
    from ferrule.commands import listing, peers
    from ferrule.payload import port

    if parsed.workload is not None and (parsed.peers or parsed.markdown):
        raise UsageError("ferrule list: --peers and --markdown show all workloads; leave WORKLOAD out")

    for folder in parsed.extra_guest:
        port.add(Path(folder))
    extra = [Path(path) for path in parsed.extra]
    if parsed.suite is not None and parsed.workload is not None:
        raise UsageError("--suite lists runs, WORKLOAD shows one workload: give one of the two")
    if parsed.markdown:
        print(peers.page(extra), end="")
    elif parsed.peers:
        print(_json(peers.rows()) if parsed.json else peers.table())
    elif parsed.suite is not None:
        runs = listing.runs(parsed.suite, extra)
        print(_json(runs) if parsed.json else listing.table_of_runs(runs))
    elif parsed.workload is None:
        rows = listing.rows(extra)
        print(_json(rows) if parsed.json else listing.table(rows))
    else:
        found = listing.about(parsed.workload, extra)
        print(_json(found) if parsed.json else listing.page(found))
    return EXIT_OK


def examine(parsed: Namespace) -> int:
    """`ferrule doctor`."""
    from ferrule import doctor
    from ferrule.options.machines import guest_options_of
    from ferrule.options.measurement import check, guests_of
    from ferrule.report.unfinished import continued

    continued(parsed)
    as_json, parsed.json = parsed.json is True, None if parsed.json is True else parsed.json
    check(parsed)
    if parsed.ignored:
        print(f"ferrule: doctor ignores {' '.join(parsed.ignored)}: not an option of a measurement", file=sys.stderr)
    found = doctor.examine(guest_options_of(parsed), guests_of(parsed))
    print(_json({"findings": [doctor.as_json(one) for one in found]}) if as_json else doctor.render(found))
    return EXIT_OK


def gate(parsed: Namespace) -> int:
    """`ferrule gate`."""
    from ferrule.gate.command import gate as decide

    return decide(parsed)


def anatomy(parsed: Namespace) -> int:
    """`ferrule anatomy`."""
    from ferrule.anatomy.command import anatomy as look

    return look(parsed)


def power(parsed: Namespace) -> int:
    """`ferrule power`."""
    from ferrule.power.command import power as measure

    return measure(parsed)


def agree(parsed: Namespace) -> int:
    """`ferrule agree`."""
    from ferrule.validate.agree import agree as compare

    return compare(parsed)


def validate(parsed: Namespace) -> int:
    """`ferrule validate`."""
    from ferrule.validate.command import validate as check

    return check(parsed)


def compare(parsed: Namespace) -> int:
    """`ferrule compare`."""
    from ferrule.commands.comparing import compare as between

    print(between(parsed, history_folder(parsed.results)))
    return EXIT_OK


def publish(parsed: Namespace) -> int:
    """`ferrule publish`."""
    from ferrule.report import ahead
    from ferrule.report.publish import publish as write
    from ferrule.site.build import build

    folder = history_folder(parsed.results)
    if notice := ahead.left_out(folder):
        print(f"ferrule: {notice}", file=sys.stderr)
    out = parsed.out or folder / "published"
    for path in [*write(folder, out), *build(folder, parsed.site or folder / "site", out)]:
        print(path)
    return EXIT_OK


def history_folder(asked: Path | None) -> Path:
    """The folder that stored runs are read from.

    Raises:
        UsageError: the folder asked for cannot be read.
    """
    if asked is not None:
        try:
            os.scandir(asked).close()
        except OSError as error:
            raise UsageError(f"--results {asked}: {error.strerror or error}") from None
    return paths.results(asked)


def _json(found: object) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
