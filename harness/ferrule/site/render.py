"""Pages as HTML: templates of the package, styles and script inlined, and a policy that forbids every request."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ferrule.report.history import slug
from ferrule.site.marks import LEGEND, anchor
from ferrule.site.page import Page

NAVIGATION = (
    ("overview", "index.html", "Overview"),
    ("curves", "curves.html", "Curves"),
    ("compatibility", "compatibility.html", "Compatibility"),
    ("power", "power.html", "Power"),
    ("reading", "reading.html", "How to read"),
)


class Renderer:
    """Makes the pages of one site."""

    def __init__(self, guests: Sequence[str]) -> None:
        self._guests = [(name, f"kernels/{slug(name)}.html") for name in guests]
        self._environment = _environment()
        source = self._environment.loader
        assert source is not None
        self._style = source.get_source(self._environment, "style.css")[0]
        self._script = source.get_source(self._environment, "script.js")[0]

    def html(self, page: Page) -> bytes:
        """The file's content: the same page gives the same bytes."""
        text = self._environment.get_template(page.template).render(
            page=page,
            up=page.up,
            navigation=NAVIGATION,
            kernels=self._guests,
            legend=LEGEND,
            style=Markup(self._style),  # noqa: S704 - our own file
            script=Markup(self._script),  # noqa: S704 - our own file
            policy=f"default-src 'none'; style-src '{_hash(self._style)}'; script-src '{_hash(self._script)}'",
            **page.context,
        )
        return re.sub(r"\n\s*\n+", "\n", text).encode(errors="replace")


@cache
def _environment() -> Environment:
    """One environment for the process: it keeps the templates that it has compiled."""
    made = Environment(
        loader=PackageLoader("ferrule.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"anchor": anchor, "slug": slug, "wrap": _wrap}
    return made


def _hash(text: str) -> str:
    """The hash by which a content security policy names an inline element (CSP Level 3, 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _wrap(text: str) -> Markup:
    """A long name that may break after its underscores."""
    return Markup("_<wbr>").join(map(escape, text.split("_")))
