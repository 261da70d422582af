"""Scripts for the `sh` of an SSH host, written so that every login shell passes them on unchanged.

A login shell may be csh or fish: a command is one line; in its quotes is no `'`, backslash or `!` (but before a blank).
The login shell or a forced command may print output of its own, so a helper's output is enclosed in marks.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Final

# The first folder where files can be made and executed. Each is tried: on a noexec file system the status is 126. The
# test file holds a colon: a script to every shell, and without a line that csh would take for history.
FOLDER: Final = (
    'umask 077; if [ -n "$1" ]; then set -- "$1"; else '
    'set -- "${TMPDIR:-/tmp}" /tmp /var/tmp "${HOME:-/tmp}" /dev/shm; fi; for t; do '
    'd=$(mktemp -d "$t/ferrule.XXXXXXXXXX" 2>/dev/null) || { d=$t/$0; mkdir "$d" 2>/dev/null; } || '
    '{ echo "$t: no folder can be made there" >&2; continue; }; '
    'if { echo : >"$d/x" && chmod 700 "$d/x"; } 2>/dev/null; then "$d/x" 2>/dev/null; '
    'if [ $? -ne 126 ]; then rm -f "$d/x"; cd "$d" && pwd -P; exit; fi; '
    'echo "$t: files there cannot be run (noexec)" >&2; else echo "$t: nothing can be stored there" >&2; fi; '
    'rm -rf "$d"; done; exit 1'
)
RECEIVE: Final = 'umask 077; cat >"$0.tmp" && chmod 700 "$0.tmp" && mv "$0.tmp" "$0"'
DIGEST: Final = 'command -v sha256sum >/dev/null 2>&1 || exit 127; sha256sum <"$0"'
# The program runs in a process group of its own. A watch process beside it reads our input to its end, which comes when
# the connection or this process ends. Then the watch removes the folder, as nobody else may be left to do it, and last
# kills the group: the script ends with its program, and the watch with the script. Where the end of our input cannot be
# seen (a forced command that reads from elsewhere, or no /dev/stdin), there is no watch.
START: Final = (
    'cd "${0%/*}" || exit 126; w=; if [ -p /dev/stdin ] || [ -S /dev/stdin ]; then w=yes; fi; exec 3<&0; '
    'echo "$1"; shift; '
    'if command -v setsid >/dev/null 2>&1; then setsid "$@" </dev/null 3<&- & else "$@" </dev/null 3<&- & fi; '
    'p=$! ; echo $p >"$0"; if [ -n "$w" ]; then { while read -r g; do :; done; '
    'cd /; rm -rf -- "${0%/*}"; kill -s KILL -- -$p || kill -s KILL $p; } <&3 >/dev/null 2>&1 & w=$! ; fi; '
    'exec 3<&-; wait $p; s=$?; if [ -n "$w" ]; then kill -s KILL $w 2>/dev/null; fi; exit $s'
)
KILL: Final = 'p=$(cat "$0") && { kill -s KILL -- "-$p" 2>/dev/null || kill -s KILL "$p" 2>/dev/null; }'
# Files by name, or by pattern after +f in place of -f: each after a line with the mark and its path. The shell itself
# reads them, which saves thousands of processes; `cat` reads the kernel's lists of CPUs, empty when read bytewise.
FILES: Final = (
    'set "$1"; shift; IFS=; for p; do for f in $p; do if [ -f "$f" ] && [ -r "$f" ]; then echo; printf %s "$0 $f"; '
    'echo; n=; while read -r l || [ -n "$l" ]; do n=y; printf %s "$l"; echo; done <"$f"; '
    'if [ -z "$n" ]; then cat "$f"; fi; fi; done; done 2>/dev/null'
)
MARKED: Final = 'echo "$0:begin"; "$@"; s=$?; echo "$0:end $s"; exit $s'

_PLAIN = re.compile(r"[A-Za-z0-9_@+:,./-][A-Za-z0-9_@%+=:,./-]*")  # words that need no quotes anywhere
_HARD = re.compile(rb"['!\\\"$`\n]|[^ -~]")


def line(command: Sequence[str]) -> str:
    """A command as one line that is the same for every login shell."""
    if all(_PLAIN.fullmatch(word) or not re.search(r"['\\\n]|!(?! )", word) for word in command):
        return " ".join(word if _PLAIN.fullmatch(word) else f"'{word}'" for word in command)
    octal = _HARD.sub(
        lambda found: b"\\0%03o" % found.group()[0], shlex.join(command).encode("utf-8", "surrogateescape")
    )
    return f'sh -c \'eval "$(printf %b "{octal.decode()}")"\''


def begin(mark: str) -> bytes:
    """The line before the first byte of a helper's output."""
    return f"{mark}:begin\n".encode()


def between(out: bytes, mark: str, status: int | None) -> tuple[bytes, int | None]:
    """A helper's own output and status, without the output of a login shell or a forced command around it."""
    _, begun, rest = out.partition(begin(mark))
    own, ended, after = rest.rpartition(f"{mark}:end ".encode())
    code = re.match(rb"[0-9]{1,3}\n", after)
    if begun and ended and code:
        return own, int(code.group())
    return (rest if begun else b""), status
