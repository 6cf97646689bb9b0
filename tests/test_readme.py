"""The README's commands do what it shows."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

CODE = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", README, re.DOTALL))


def shown():
    """(command, first line of its output or None) of every `$ lineage …` in the README."""
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        lines = block.splitlines()
        for line, after in zip(lines, [*lines[1:], "$"], strict=True):
            if line.startswith("$ lineage"):
                yield line[2:], None if after.startswith("$") else after


@pytest.mark.parametrize(("command", "output"), list(shown()))
def test_command(sample_store, command, output):
    """A command of the README ends well, and its answer begins as shown."""
    arguments = [
        sys.executable,
        "-m",
        "app.cli",
        *shlex.split(command, comments=True)[1:],
        "--store",
        sample_store,
    ]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if command.endswith("# exits 1") else 0), done.stderr
    if output:
        assert done.stdout.splitlines()[0].strip() == output.strip()


def test_the_readme_names_no_command_that_does_not_exist():
    """Every `lineage X` in the README is a command."""
    named = set(re.findall(r"(?:^|[`$ ])lineage ([a-z][a-z0-9-]+)(?= |`|$)", CODE, re.MULTILINE))
    assert {"import", "impact", "who-uses", "orphans"} <= named <= set(COMMANDS)


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links(link):
    """Every file that the README links is there."""
    assert (ROOT / link).exists()


def test_help_imports_nothing_heavy():
    """`lineage --help` answers without the parser, the server driver or the app."""
    code = (
        "import sys; sys.argv = ['lineage', '--help']\n"
        "import app.cli\n"
        "try:\n    app.cli.main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'sqlglot', 'neo4j', 'streamlit', 'networkx', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)
