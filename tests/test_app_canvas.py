"""The canvas as it ships: inline texts that need no network, built from the sources beside them."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

ASSETS = files("app.canvas") / "assets"
FRONTEND = Path(str(files("app.canvas"))) / "frontend"
ONLY_NAMES = {"http://www.w3.org/2000/svg"}  # the name of a namespace, never fetched


def node() -> str:
    """The path of node; skips where it or the packages of the front end are not installed."""
    found = shutil.which("node")
    if not found:
        pytest.skip("node is not installed")
    if not (FRONTEND / "node_modules" / "@dagrejs").is_dir():
        pytest.skip("the packages of app/canvas/frontend are not installed (npm ci)")
    return found


@pytest.mark.parametrize("name", ["canvas.html", "canvas.css", "canvas.bundle.js"])
def test_an_asset_is_inline_text_that_loads_nothing(name: str) -> None:
    """Streamlit takes text with a line break as content; no address in it is ever fetched."""
    text = (ASSETS / name).read_text("utf-8")
    assert "\n" in text
    assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= ONLY_NAMES
    assert not re.search(r"@import|url\(|\bfetch\(|XMLHttpRequest", text)


def test_names_enter_the_page_as_text_only() -> None:
    """No source of the front end makes markup from a string."""
    sources = sorted((FRONTEND / "src").glob("*.js"))
    assert sources
    for source in sources:
        markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\("
        assert not re.search(markup, source.read_text("utf-8")), source.name


def test_the_lock_file_names_no_download_address() -> None:
    """Where packages come from is the business of the machine that builds."""
    assert "://" not in (FRONTEND / "package-lock.json").read_text("utf-8")


def test_layout_and_paths() -> None:
    """The front end's own tests pass: no overlap, edges go right, cycles end."""
    run = subprocess.run(
        [node(), "--test", "test/"], cwd=FRONTEND, capture_output=True, text=True, timeout=6000
    )
    assert run.returncode == 0, run.stdout


def test_the_bundle_is_what_the_sources_build(tmp_path: Path) -> None:
    """A change of a source without `make canvas` is noticed."""
    program = node()
    shipped = (ASSETS / "canvas.bundle.js").read_text("utf-8")
    copy = tmp_path / "canvas" / "frontend"
    copy.mkdir(parents=True)
    for part in ("src", "build.mjs", "package.json"):
        whole = FRONTEND / part
        (shutil.copytree if whole.is_dir() else shutil.copy)(whole, copy / part)
    (copy / "node_modules").symlink_to(FRONTEND / "node_modules")
    subprocess.run([program, "build.mjs"], cwd=copy, check=True, timeout=600)
    built = (tmp_path / "canvas" / "assets" / "canvas.bundle.js").read_text("utf-8")
    assert built == shipped
