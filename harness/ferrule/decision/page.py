"""The decision view as Markdown. The same decision gives the same text."""

from __future__ import annotations

from tabulate import tabulate

from ferrule.decision import text
from ferrule.decision.gaps import ANSWERS, named, words
from ferrule.decision.view import Decision
from ferrule.report.markdown import escape


def markdown(found: Decision) -> str:
    """Tables with the same figures as the text; ends with a newline."""
    names = [one.guest for one in found.columns]
    blocks = [f"# {escape(', '.join(names))}", _list(text.compared(found))]
    if found.ranking is not None:
        blocks += ["## All weighted families together", _list(list(text.ranking(found.ranking)))]
    rows = []
    for one in found.families:
        costs = {standing.kernel: text.times(standing.cost) for standing in one.standings}
        costs[one.standings[0].kernel] = "leads"
        rows.append([one.name, text.size(one), *(costs.get(name, "nothing to compare") for name in names)])
    blocks += ["## By family", "Cost over the leader's.", _table(rows, ["family", "of", *names])]
    weak = [[kernel, str(one.key), text.times(one.cost), one.best] for kernel, all_ in found.weakest for one in all_]
    if weak:
        blocks += ["## Weakest points", _table(weak, ["kernel", "operation", "cost over the cheapest", "cheapest"])]
    lacks = []
    for gap in found.gaps:
        answers = dict(gap.answers)
        cells = [", ".join(map(named, answers.get(answer, ()))) for answer in ANSWERS]
        lacks.append([gap.kernel, f"{gap.works} of {gap.asked}", *cells])
    blocks += ["## What each cannot do", _table(lacks, ["kernel", "works", *map(words, ANSWERS)])]
    return "\n\n".join(blocks) + "\n"


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)


def _table(rows: list[list[str]], headers: list[str]) -> str:
    cells = [[escape(cell) for cell in row] for row in rows]
    return tabulate(cells, [escape(head) for head in headers], "pipe", disable_numparse=True, stralign="left")
