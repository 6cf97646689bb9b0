"""The environment of each other tool, made on the first run under ~/.cache/lineage-usage/peers."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

ADAPTERS = Path(__file__).parent / "adapters"
PEERS = {
    "datahub": ("acryl-datahub[sql-parser]", "sqlparse"),
    "sqllineage": ("sqllineage",),
    "openlineage": ("openlineage-sql",),
    "sqlglot": ("sqlglot[c]",),
}
_CACHE = Path.home() / ".cache" / "lineage-usage" / "peers"


def python_of(peer: str) -> str:
    """The interpreter of the peer's own environment, made when missing."""
    place = _CACHE / peer
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS[peer]], check=True)
    return str(python)
