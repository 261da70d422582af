"""A kernel under test in the exact tier: `--candidate` is what the guest boots, `--base` what it is compared with.

Without a base it is compared with the baseline of its build's name. With one, the base is counted first, here and now,
by the same QEMU and compiler: nothing has to be stored, and only the kernel can have changed. A cost that grows slowly
over many changes is found only by a baseline that a person updates.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from ferrule import files
from ferrule.errors import EXIT_OK, UsageError
from ferrule.gate.verdict import Report
from ferrule.machine.options import kind

GUEST: Final = "linux"  # boots the kernel when no guest is named
BUILD: Final = "candidate"  # the common name of a kernel's builds when none is given
_OWN: Final = ("local", "ssh", "floor")  # guests that boot no kernel of the user's


def check(parsed: Namespace) -> None:
    """Refuse a base or candidate that the exact tier cannot use.

    Raises:
        UsageError: names the flag and the valid alternatives.
    """
    if parsed.candidate is None:
        if parsed.base is not None:
            raise UsageError(f"--base {parsed.base}: what is compared with it? give --candidate KERNEL")
        return
    guest = parsed.guest or GUEST
    if "," in guest or kind(guest) in _OWN:
        raise UsageError(f"--candidate: --guest {guest}: name one guest that boots a kernel of yours")
    for flag in ("candidate", "base"):
        path = getattr(parsed, flag)
        if path is not None and not Path(path).is_file():
            raise UsageError(f"--{flag} {path}: no such file; the exact tier takes a kernel, --tier time more")
    if parsed.base is not None and (parsed.baselines or parsed.update_baseline):
        raise UsageError("--base: is counted here and now; leave out --baselines and --update-baseline")


def gate(parsed: Namespace, count: Callable[[Namespace], Report]) -> Report:
    """The report of `count` on the candidate; a base, if given, is counted before it."""
    if parsed.candidate is None:
        return count(parsed)
    if parsed.base is None:
        return _counted(parsed, "candidate", count)
    with files.scratch() as folder:
        accepted = _counted(parsed, "base", count, baselines=str(folder), update_baseline=True)
        if accepted.exit_code != EXIT_OK:
            failures = tuple(f"base: {line}" for line in accepted.failures)
            return replace(accepted, failures=failures, against=parsed.base)
        found = _counted(parsed, "candidate", count, baselines=str(folder))
    return replace(found, hints=(), against=parsed.base)  # the baseline was temporary: no hint to accept one


def _counted(parsed: Namespace, flag: str, count: Callable[[Namespace], Report], **more: object) -> Report:
    """The report of `count` on the kernel that the flag names; errors name this flag, not the guest's."""
    path, guest = getattr(parsed, flag), parsed.guest or GUEST
    try:
        return count(_booting(parsed, path, **more))
    except UsageError as error:
        text = str(error)
        for given in (f"--linux-kernel {path}", f"--guest-file {guest}.kernel={path}"):
            text = text.replace(given, f"--{flag} {path}")
        raise UsageError(text) from error


def _booting(parsed: Namespace, kernel: str, **more: object) -> Namespace:
    """The flags with which the guest boots this kernel, a build under test; `asked`: the flags that were given."""
    guest = parsed.guest or GUEST
    flags = {**vars(parsed), "guest": guest, "kernel_build": parsed.kernel_build or BUILD, "asked": parsed, **more}
    if guest == GUEST:
        return Namespace(**{**flags, "linux_kernel": kernel})
    return Namespace(**{**flags, "guest_file": [*parsed.guest_file, f"{guest}.kernel={kernel}"]})
