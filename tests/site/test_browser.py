"""The site in headless Chromium: no console message, no request, no finding of axe-core. Slow: nox -s site."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ferrule.site.build import build

from tests.support.places import ROOT

HERE = Path(__file__).with_name("browser")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def test_every_page_passes_in_a_browser(tmp_path: Path) -> None:
    if os.environ.get("FERRULE_SITE") is None:
        pytest.skip("nox -s site")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing or browser is None:
        pytest.skip(f"not here: {', '.join([*missing, *([] if browser else ['chromium'])])}")
    assert browser is not None
    tools = tmp_path / "tools"
    shutil.copytree(HERE, tools)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(install, cwd=tools, check=False).returncode != 0:
        pytest.skip("npm cannot install axe-core and puppeteer-core, see above")
    build(ROOT / "results", tmp_path / "site", tmp_path / "pictures")
    command = ["node", "check.mjs", browser, str(tmp_path / "site")]
    done = subprocess.run(command, cwd=tools, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]
