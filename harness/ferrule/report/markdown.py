"""The same tables as Markdown, for publishing. The text depends only on the arguments."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from ferrule.report.columns import Column
from ferrule.report.layout import lay_out
from ferrule.report.tables import remarks


def markdown(title: str, made: Sequence[Column], extra: Sequence[str] = ()) -> str:
    """A page: title, tables, notes, conditions; ends with a newline."""
    layout = lay_out(made)
    blocks = [f"# {escape(title)}"]
    for section in layout.sections:
        rows = [[escape(cell) for cell in row] for row in section.rows]
        headers = [escape(head) for head in section.headers]
        blocks.append(f"## {escape(section.title)}")
        blocks.append(tabulate(rows, headers, tablefmt="pipe", disable_numparse=True, stralign="left"))
    for name, lines in remarks(made, layout, extra):
        blocks.append(f"## {name}")
        blocks.append("\n".join(f"- {escape(line)}" for line in lines))
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Literal text in Markdown: names and reasons come from guests."""
    for special in "\\`*_[]<>|":
        text = text.replace(special, f"\\{special}")
    return "".join(character if character.isprintable() else " " for character in text)
