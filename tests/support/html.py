"""A page read as a browser would: nesting, ids, links, and what would be fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "input", "wbr", "br", "link"}


class Reader(HTMLParser):
    """The parts of a page that tests check: nesting, ids, links, and what would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.labels: list[dict[str, str | None]] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if attributes.get("id"):
            self.ids.append(str(attributes["id"]))
        if tag == "a":
            self.links.append(str(attributes["href"]))
        if tag == "svg":
            self.labels.append(attributes)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)
        self.fetched += [str(attributes[name]) for name in ("src", "srcset", "action", "poster") if name in attributes]
        self.fetched += [tag] if tag in ("link", "iframe", "object", "embed", "img", "base") else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text())
    reader.close()
    assert not reader.open, f"{path}: {reader.open} stay open"
    return reader
