"""The app in a real browser: clicks reach Python, nothing is asked of another host, dark mode."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Error, Locator, Page, Playwright, Route, expect, sync_playwright

from lineage.model import Activity, Batch, Edge, EdgeKey, EdgeType, Role, Shard
from lineage.names import ColumnId, ConsumerId, DatasetId, JobId, NodeId, TeamId
from lineage.stores import open_store

MAIN = Path(__file__).resolve().parents[1] / "app" / "main.py"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_S = 300  # what a machine that does ten other things may need for a page
TODAY = 20_757
ORDERS, DAILY, RAW = (DatasetId("db", n) for n in ("shop.orders", "mart.daily", "raw.events"))
HOSTILE = DatasetId("db", '"<img src=x onerror=document.title=1>"')
LOAD, MODEL, COPY = (JobId("etl", name) for name in ("load", "model", "copy"))
BOARD = ConsumerId("looker", "dashboard/1")


def edges() -> Iterator[Edge]:
    """raw.events > load > shop.orders > model > mart.daily > a dashboard; and a hostile name."""
    flow: list[tuple[NodeId, NodeId]] = [
        (RAW, LOAD), (LOAD, ORDERS), (ORDERS, MODEL), (MODEL, DAILY), (DAILY, BOARD),
        (ORDERS, COPY), (COPY, HOSTILE),
    ]  # fmt: skip
    activity = Activity(tuple(range(TODAY - 30, TODAY + 1)), (2,) * 31)
    for source, target in flow:
        type_ = EdgeType.WRITES if isinstance(source, JobId) else EdgeType.READ_BY
        yield Edge(EdgeKey(type_, source, target), activity)
    amount, revenue = ColumnId(ORDERS, "amount"), ColumnId(DAILY, "revenue")
    yield Edge(EdgeKey(EdgeType.HAS_COLUMN, ORDERS, amount))
    yield Edge(EdgeKey(EdgeType.HAS_COLUMN, DAILY, revenue))
    yield Edge(EdgeKey(EdgeType.FEEDS, amount, revenue, Role.AGGREGATION, MODEL), activity)
    yield Edge(EdgeKey(EdgeType.USED_BY, amount, MODEL, Role.AGGREGATION), activity)
    yield Edge(EdgeKey(EdgeType.USED_BY, revenue, BOARD, Role.IDENTITY), activity)
    yield Edge(EdgeKey(EdgeType.OWNS, TeamId("team", "Sales"), BOARD))


@pytest.fixture(scope="module")
def browser_path() -> str:
    """The path of an installed browser of the Chromium family; skips where there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip(f"no browser is installed: none of {', '.join(BROWSERS)}")
    return found


@pytest.fixture(scope="module")
def address(browser_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running app, on a store with six datasets, jobs and consumers."""
    url = f"sqlite:///{tmp_path_factory.mktemp('browser') / 'lineage.db'}"
    store = open_store(url, create=True)
    days = tuple(Shard("db", TODAY - age, 0, b"0" * 32) for age in range(31))
    store.apply(Batch(edges=tuple(edges()), shards=days))
    store.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", str(MAIN), "--server.address=127.0.0.1",
        f"--server.port={port}", "--server.headless=true",
    ]  # fmt: skip
    server = subprocess.Popen(
        command, env={**os.environ, "LINEAGE_STORE": url},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Returns when the server answers; fails when it ends or is not there in time."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=10).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the app did not start")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """The driver of the browser."""
    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as driver:
        yield driver


@pytest.fixture
def tab(playwright: Playwright, browser_path: str, address: str, tmp_path: Path) -> Iterator[Page]:
    """A page that may ask the app only: a request to another host fails the test."""
    refused: list[str] = []

    def guard(route: Route) -> None:
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    context = playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=browser_path, headless=True, args=FLAGS,
        base_url=address, viewport={"width": 1400, "height": 1100}, timeout=PATIENCE_S * 1000,
    )  # fmt: skip
    page = context.pages[0]
    page.set_default_timeout(PATIENCE_S * 1000)
    page.route("**/*", guard)
    yield page
    context.close()
    assert refused == []


def open_lineage(tab: Page, dataset: DatasetId) -> None:
    """Opens the lineage of a dataset and waits until the canvas is drawn."""
    tab.goto("/dataset?" + urlencode({"dataset": str(dataset), "tab": "Lineage"}))
    tab.wait_for_selector(".canvas[data-ready]")


def card(tab: Page, dataset: DatasetId) -> str:
    """The selector of a card's head."""
    return f"[data-testid='card-{dataset}'] .head"


def pick_first(table: Locator, page: Locator) -> None:
    """Clicks into the first row of a table, and returns when the page behind it is there.

    The table is drawn on a canvas: nothing in it can be waited for, and a click may come too early.
    """
    table.wait_for()
    for _ in range(PATIENCE_S // 30):
        table.page.wait_for_timeout(500)
        with contextlib.suppress(Error):
            table.click(position={"x": 30, "y": 52}, timeout=1000)
        with contextlib.suppress(Error):
            return page.wait_for(timeout=30_000)
    return page.wait_for()


def test_search_leads_to_the_dataset(tab: Page) -> None:
    """What is typed stands in the URL, and a link leads back to it."""
    tab.goto("/?q=daily")
    found = tab.get_by_role("heading", name="daily", exact=True)
    pick_first(tab.get_by_test_id("stDataFrame"), found)
    tab.get_by_role("link", name="Back to search").click()
    expect(tab.get_by_role("textbox", name="Search")).to_have_value("daily")


def test_a_click_on_a_card_reaches_python(tab: Page) -> None:
    """The picked node is named below the canvas, the path is lit, and the view does not move."""
    open_lineage(tab, ORDERS)
    tab.wait_for_selector(card(tab, DAILY))
    before = tab.locator(".cards").get_attribute("style")
    tab.click(card(tab, DAILY))
    expect(tab.get_by_text(str(DAILY), exact=True)).to_be_visible()
    assert tab.locator(".cards").get_attribute("style") == before
    expect(tab.locator(f"[data-testid='card-{DAILY}'].selected")).to_have_count(1)
    expect(tab.locator(f"[data-testid='card-{HOSTILE}'].dim")).to_have_count(1)


def test_hidden_neighbours_open_on_a_click_and_the_card_stays(tab: Page) -> None:
    """`+n` adds cards; the card that was clicked keeps its place on the screen."""
    tab.goto("/dataset?" + urlencode({"dataset": str(ORDERS), "tab": "Lineage", "down": 0}))
    tab.wait_for_selector(".canvas[data-ready]")
    count = int(tab.locator(".canvas").get_attribute("data-nodes") or 0)
    place = tab.locator(card(tab, ORDERS)).bounding_box()
    assert place
    tab.get_by_test_id(f"hop-down-{ORDERS}").click()
    tab.wait_for_function("document.querySelector('[data-testid=stBidiComponentRegular]') || 1")
    expect(tab.locator(".canvas")).not_to_have_attribute("data-nodes", str(count))
    moved = "e => Promise.all(e.getAnimations({subtree: true}).map(one => one.finished))"
    tab.locator(".canvas").evaluate(moved)
    after = tab.locator(card(tab, ORDERS)).bounding_box()
    assert after
    assert abs(place["x"] - after["x"]) < 1
    assert abs(place["y"] - after["y"]) < 1


def test_a_column_lights_its_path(tab: Page) -> None:
    """Closed cards show the columns on the path and no other."""
    open_lineage(tab, ORDERS)
    tab.click(f"[data-testid='card-{ORDERS}'] .foot")
    tab.get_by_test_id(f"column-{ORDERS}-amount").click()
    expect(tab.get_by_test_id(f"column-{DAILY}-revenue")).to_have_class("column lit")


def test_arrow_keys_walk_along_the_edges(tab: Page) -> None:
    """From a dataset to who reads it; the canvas keeps its keys for itself."""
    open_lineage(tab, DAILY)
    tab.focus(card(tab, DAILY))
    tab.keyboard.press("ArrowRight")
    expect(tab.locator(".card .head:focus .name")).to_have_text("dashboard/1")
    tab.keyboard.press("c")  # Streamlit's own key: it would offer to clear its caches
    expect(tab.get_by_role("dialog")).to_have_count(0)


def test_a_name_from_a_log_is_never_markup(tab: Page) -> None:
    """A dataset called like an image is text on its page and on its card."""
    open_lineage(tab, HOSTILE)
    expect(tab.locator(card(tab, HOSTILE))).to_be_visible()
    assert tab.locator("img[src=x]").count() == 0
    assert tab.title() != "1"


def test_a_change_shows_what_fails(tab: Page) -> None:
    """The picture has the rings, and the verdict stands on top."""
    tab.goto("/impact?" + urlencode({"change": "drop column shop.orders.amount"}))
    tab.wait_for_selector(".canvas[data-ready]")
    expect(tab.get_by_role("heading", name="Dropping shop.orders.amount breaks")).to_be_visible()
    expect(tab.locator(".card[data-impact=fails]")).to_have_count(1)
    expect(tab.locator(".card[data-impact=origin]")).to_have_count(1)


def test_the_canvas_follows_the_colour_scheme(tab: Page) -> None:
    """Dark cards on a dark page, without loading it anew."""
    open_lineage(tab, ORDERS)
    colour = "e => getComputedStyle(e).backgroundColor"
    light = tab.locator(".card").first.evaluate(colour)
    tab.emulate_media(color_scheme="dark")
    tab.wait_for_function(
        "([before]) => getComputedStyle(document.body).backgroundColor !== before", arg=[light]
    )
    tab.reload()
    tab.wait_for_selector(".canvas[data-ready]")
    assert tab.locator(".card").first.evaluate(colour) != light
