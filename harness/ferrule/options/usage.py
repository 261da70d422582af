"""What is wrong with a command line, in one line: the option or command, and what to do."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn

from ferrule.errors import UsageError

EMPTY_MEANS_NONE: Final = frozenset({"linux_append"})  # options whose empty value says something
_UNKNOWN: Final = re.compile(r"unrecognized arguments: (\S+)")
_COMMAND: Final = re.compile(r"argument (?!-)[^:]*: invalid choice: '(.*?)' ")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line of ours, and which takes no empty value.

    An empty value is a variable of a script that is not set: taken as given, it would mean the current folder, or all.
    """

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UsageError: always.
        """
        raise UsageError(line(message, known(self), self.prog))

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """The values that an argument is given."""
        own = arg_strings[:1] if isinstance(action, argparse._SubParsersAction) else arg_strings  # the rest is its own
        if (nothing := [text for text in own if is_empty(text)]) and action.dest not in EMPTY_MEANS_NONE:
            raise argparse.ArgumentError(action, empty(nothing))
        return super()._get_values(action, arg_strings)


def is_empty(text: str) -> bool:
    """Whether a value names nothing."""
    return not text.strip(" ,")


def empty(values: Sequence[str]) -> str:
    """What is said of an empty value."""
    return f"{' '.join(map(repr, values))} names nothing; name something, or leave it out"


def known(parser: argparse.ArgumentParser) -> list[str]:
    """The options, or commands, that a parser has."""
    found = re.findall(r"--[a-z][a-z0-9-]*", parser.format_usage())
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += action.choices
    return found


def line(message: str, names: Iterable[str], command: str) -> str:
    """A message of argparse's as one line that ends with what to do; `names`: what can be meant by an unknown name."""
    help_of = f"see {command} --help"
    for pattern, what in ((_UNKNOWN, "option"), (_COMMAND, "command")):
        if (unknown := pattern.match(message)) is not None:
            name = unknown[1].partition("=")[0]
            near = difflib.get_close_matches(name, [*names], n=1)
            kind = what if what == "command" or name.startswith("-") else "argument"
            return f"{name or repr(name)}: no such {kind}; {f'did you mean {near[0]}?' if near else help_of}"
    return f"{message}; {help_of}"
