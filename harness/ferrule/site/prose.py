"""The Markdown of our own docs and comments as HTML: paragraphs, code, bold, and the text of links."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

GAP: Final = re.compile(r"\n\s*\n")  # between paragraphs
_FENCE = re.compile(r"^```\w*\n(.*?)^```\n?", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*|\[([^\]]+)\]\([^)]+\)", re.DOTALL)


def blocks(text: str) -> Markup:
    """Text with several paragraphs and code blocks as HTML."""
    made = []
    parts = _FENCE.split(text)
    for number, part in enumerate(parts):
        if number % 2:
            made.append(Markup("<pre><code>{}</code></pre>").format(part))
        else:
            made += [
                Markup("<p>{}</p>").format(inline(one.strip(" \n,:;")))
                for one in GAP.split(part)
                if one.strip(" \n,:;")
            ]
    return Markup("\n").join(made)


def inline(text: str) -> Markup:
    """One paragraph: code and bold; a link's text without its target, which is no page of the site."""
    made, end = Markup(), 0
    for found in _INLINE.finditer(text):
        made += escape(text[end : found.start()])
        code, bold, words = found.groups()
        if code:
            made += Markup("<code>{}</code>").format(code)
        else:
            made += Markup("<strong>{}</strong>").format(inline(bold)) if bold else escape(words)
        end = found.end()
    return made + escape(text[end:])
