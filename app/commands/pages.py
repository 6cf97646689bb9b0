"""`lineage app`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from app.options import open_answering, store_option


@click.command("app")
@click.option("--port", default=8501, show_default=True, help="0 finds a free one")
@click.option("--browser/--no-browser", default=None, help="open a browser window")
@store_option
def app_command(port: int, browser: bool | None, store: str) -> None:
    """Open the app in a browser; it listens on this machine only."""
    open_answering(store).close()
    sys.exit(serve(store, port, browser=browser))


def serve(store: str, port: int, *, browser: bool | None) -> int:
    """The exit code of the app, which runs until it is stopped."""
    main = Path(__file__).resolve().parents[1] / "main.py"
    shown = bool(os.environ.get("DISPLAY")) if browser is None else browser
    command = [
        sys.executable, "-m", "streamlit", "run", str(main),
        "--server.address=127.0.0.1", f"--server.port={port}",
        f"--server.headless={str(not shown).lower()}",
        "--browser.gatherUsageStats=false", "--server.fileWatcherType=none",
    ]  # fmt: skip
    click.echo(f"The app is at http://127.0.0.1:{port} (store: {store}); Ctrl-C stops it.")
    try:
        return subprocess.run(command, env={**os.environ, "LINEAGE_STORE": store}).returncode  # noqa: S603
    except KeyboardInterrupt:
        return 0
