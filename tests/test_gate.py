"""The gate: policies, the file it reads in CI, and the one comment that it leaves."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from app.comment import place_of, post
from lineage.analyses.use.usage import who_uses
from lineage.errors import InvalidName, StoreError, StoreMissing
from lineage.model import Batch
from lineage.resolve import resolve_dataset
from lineage.stores import open_store
from tests.command_line import lineage

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sample_store: str) -> Path:
    """A snapshot of the sample company, signed, with its key."""
    path = tmp_path_factory.mktemp("gate")
    (path / "key").write_bytes(b"0123456789abcdef")
    done = lineage(
        "snapshot", "--to", f"{path}/a.snap", "--key", f"{path}/key", "--store", sample_store
    )
    assert done.returncode == 0, done.stderr
    return path


class TestSnapshot:
    """One file that is only read, holds no people, and tells when it was changed."""

    def test_answers_as_its_store(self, folder: Path, sample_store: str) -> None:
        """Items, rings, severities and coverage are those of the store; persons have numbers."""
        change = "drop column MART.ORDERS.VOUCHER_CODE"
        whole = json.loads(
            lineage("impact", change, "--format", "json", "--store", sample_store).stdout
        )
        part = json.loads(
            lineage("impact", change, "--format", "json", "--snapshot", f"{folder}/a.snap").stdout
        )
        told = (
            "ring",
            "kind",
            "severity",
            "certainty",
            "team",
            "roles",
            "statement",
            "last",
            "next",
        )

        def facts(answer: dict) -> list[str]:
            return sorted(json.dumps([item[name] for name in told]) for item in answer["items"])

        assert facts(part) == facts(whole)
        assert part["verdict"] == whole["verdict"]
        assert part["coverage"] == whole["coverage"]
        assert part["store"].startswith("snapshot:///")

    @pytest.mark.parametrize(
        "command",
        [
            ("who-uses", "MART.ORDERS"),
            ("downstream", "MART.ORDERS"),
            ("upstream", "MART.ORDERS", "--column", "AMOUNT"),
            ("path", "MART.ORDERS", "SHARED.CUSTOMER_360"),
            ("orphans",),
        ],
        ids=lambda command: command[0],
    )
    def test_every_answer_can_be_asked_of_it(self, folder: Path, command: tuple[str, ...]) -> None:
        """The answers name the file that they were read from."""
        done = lineage(*command, "--snapshot", f"{folder}/a.snap", "--key", f"{folder}/key")
        assert done.returncode == 0, done.stderr
        assert f"snapshot:///{folder}/a.snap" in done.stdout

    def test_holds_no_people_no_ledger_and_no_runs(self, folder: Path, sample_store: str) -> None:
        """No login of a person, no address, no key of a statement is anywhere in the file."""
        source = open_store(sample_store)
        people = {
            node.id.name
            for node in source.scan_nodes("Principal")
            if node.value("class") == "person" and len(node.id.name) > 5
        }
        assert len(people) > 10
        with zipfile.ZipFile(folder / "a.snap") as archive:
            graph = archive.read("graph.db").decode("latin-1").lower()
        assert not [name for name in people if name.lower() in graph]
        contacts = {node.value("contact") for node in source.scan_nodes("Team")}
        addresses = set(re.findall(r"[a-z.]+@modaloop\.example", graph))
        assert addresses
        assert not [one for one in addresses if not any(one.endswith(c) for c in contacts if c)]
        store = open_store(f"snapshot:///{folder}/a.snap")
        for kind in ("run", "statements", "declared", "journal corrections", "pseudonym"):
            assert not list(store.documents(kind))
        assert store.logged().keys() == source.logged().keys()
        store.close()
        source.close()

    def test_is_never_written(self, folder: Path) -> None:
        """A batch is refused, and an import into it too."""
        store = open_store(f"snapshot:///{folder}/a.snap")
        with pytest.raises(StoreError, match="only read"):
            store.apply(Batch())
        store.close()
        with pytest.raises(StoreError, match="only read"):
            open_store(f"snapshot:///{folder}/a.snap", create=True)

    def test_equal_graphs_make_equal_files(self, folder: Path, sample_store: str, tmp_path) -> None:
        """Two snapshots of one store are the same bytes."""
        done = lineage(
            "snapshot",
            "--to",
            f"{tmp_path}/b.snap",
            "--key",
            f"{folder}/key",
            "--store",
            sample_store,
        )
        assert done.returncode == 0
        assert (tmp_path / "b.snap").read_bytes() == (folder / "a.snap").read_bytes()

    def test_without_texts_it_holds_no_statement(self, sample_store: str, tmp_path: Path) -> None:
        """`--no-texts` leaves the masked statements at home."""
        lineage("snapshot", "--to", f"{tmp_path}/b.snap", "--no-texts", "--store", sample_store)
        store = open_store(f"snapshot:///{tmp_path}/b.snap")
        assert not [node for node in store.scan_nodes("Query") if node.value("sql")]
        assert who_uses(store, resolve_dataset(store, "MART.ORDERS")).consumers
        store.close()

    def test_as_of_leaves_out_what_came_later(self, sample_store: str, tmp_path: Path) -> None:
        """No day after `--as-of` is in it."""
        day = (dt.date(2026, 8, 31) - dt.date(1970, 1, 1)).days
        to = f"{tmp_path}/b.snap"
        lineage("snapshot", "--to", to, "--as-of", "2026-08-31", "--store", sample_store)
        store = open_store(f"snapshot:///{to}")
        assert store.counts().last == day
        store.close()

    @pytest.mark.parametrize("part", ["manifest.json", "graph.db"])
    def test_a_changed_file_is_refused(self, folder: Path, tmp_path: Path, part: str) -> None:
        """One byte of the graph, or one word of the manifest, and it is not opened."""
        forged = tmp_path / "forged.snap"
        with zipfile.ZipFile(folder / "a.snap") as old, zipfile.ZipFile(forged, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name == part == "graph.db":
                    content = content[:-1] + bytes([content[-1] ^ 1])
                elif name == part:
                    content = content.replace(b"2026-10-31", b"2026-12-31")
                new.writestr(name, content)
        with pytest.raises(StoreError, match="was changed"):
            open_store(f"snapshot:///{forged}?key={folder}/key")

    def test_a_forged_digest_does_not_help(self, folder: Path, tmp_path: Path) -> None:
        """Whoever changes graph and digest still has no key."""
        forged, graph = tmp_path / "forged.snap", b"another graph"
        with zipfile.ZipFile(folder / "a.snap") as old, zipfile.ZipFile(forged, "w") as new:
            manifest = json.loads(old.read("manifest.json"))
            manifest["sha256"] = hashlib.sha256(graph).hexdigest()
            new.writestr("manifest.json", json.dumps(manifest))
            new.writestr("graph.db", graph)
        with pytest.raises(StoreError, match="not trusted"):
            open_store(f"snapshot:///{forged}?key={folder}/key")

    def test_another_key_and_no_signature_are_refused(
        self, folder: Path, sample_store: str, tmp_path: Path
    ) -> None:
        """With a key, only what was signed with it is opened."""
        (tmp_path / "other").write_bytes(b"fedcba9876543210")
        with pytest.raises(StoreError, match="another key"):
            open_store(f"snapshot:///{folder}/a.snap?key={tmp_path}/other")
        lineage("snapshot", "--to", f"{tmp_path}/plain.snap", "--store", sample_store)
        with pytest.raises(StoreError, match="not signed"):
            open_store(f"snapshot:///{tmp_path}/plain.snap?key={folder}/key")
        (tmp_path / "short").write_bytes(b"abc")
        with pytest.raises(StoreError, match="at least 16 bytes"):
            open_store(f"snapshot:///{folder}/a.snap?key={tmp_path}/short")

    def test_what_is_no_snapshot_is_said_to_be_none(self, tmp_path: Path) -> None:
        """A missing file, another file, and an archive of something else."""
        with pytest.raises(StoreMissing, match="does not exist"):
            open_store(f"snapshot:///{tmp_path}/none.snap")
        (tmp_path / "text").write_text("hello")
        with pytest.raises(StoreError, match="is no snapshot"):
            open_store(f"snapshot:///{tmp_path}/text")
        with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
            archive.writestr("readme", "hello")
        with pytest.raises(StoreError, match="is no snapshot"):
            open_store(f"snapshot:///{tmp_path}/zip")


class Comments(BaseHTTPRequestHandler):
    """A server that keeps comments as GitHub and GitLab do, 100 a page."""

    kept: list[dict]
    tokens: set[str]

    def _answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> str:
        self.tokens.add(self.headers.get("Authorization") or self.headers["PRIVATE-TOKEN"])
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]

    def do_GET(self) -> None:
        """A page of comments."""
        page = int(re.search(r"[?&]page=(\d+)", self.path).group(1))  # type: ignore[union-attr]
        self._answer(self.kept[(page - 1) * 100 : page * 100])

    def do_POST(self) -> None:
        """One more."""
        self.kept.append({"id": len(self.kept) + 1, "body": self._body()})
        self._answer(self.kept[-1])

    def do_PATCH(self) -> None:
        """Another text of one."""
        self.kept[int(self.path.rsplit("/", 1)[1]) - 1]["body"] = self._body()
        self._answer({})

    do_PUT = do_PATCH  # noqa: N815 - the name of the protocol

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[tuple[str, type[Comments]]]:
    """A server of comments on loopback: its address, and what it keeps."""
    handler = type("Kept", (Comments,), {"kept": [], "tokens": set()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", handler
        running.shutdown()
        thread.join()


def github(address: str) -> dict[str, str]:
    """The environment of a run at GitHub."""
    return {
        "GITHUB_API_URL": address, "GITHUB_REPOSITORY": "o/r", "PR_NUMBER": "7",
        "GITHUB_TOKEN": "secret",
    }  # fmt: skip


def gitlab(address: str) -> dict[str, str]:
    """The environment of a run at GitLab."""
    return {
        "CI_API_V4_URL": address, "CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_IID": "7",
        "GITLAB_TOKEN": "secret",
    }  # fmt: skip


@pytest.mark.parametrize("environment", [github, gitlab])
def test_one_comment_is_added_and_then_replaced(server, environment) -> None:
    """However often it runs, and behind however many other comments, there is one."""
    address, kept = server
    kept.kept += [{"id": number + 1, "body": "LGTM"} for number in range(230)]
    place = place_of(environment(address))
    assert post("<!-- lineage impact -->\nfirst", place) == "added"
    assert post("<!-- lineage impact -->\nsecond", place) == "replaced"
    assert [one["body"] for one in kept.kept[230:]] == ["<!-- lineage impact -->\nsecond"]
    assert kept.tokens <= {"Bearer secret", "secret"}


def test_a_missing_variable_is_named() -> None:
    """The error says what to set."""
    with pytest.raises(InvalidName, match="PR_NUMBER, GITHUB_TOKEN"):
        place_of({"GITHUB_REPOSITORY": "o/r"})


def git(cwd: Path, *arguments: str) -> None:
    """Runs git as somebody."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True, cwd=cwd)


def test_the_script_of_ci_blocks_comments_and_passes(folder: Path, tmp_path: Path, server) -> None:
    """A migration that breaks another team ends with 1 and one comment; a harmless one with 0."""
    address, kept = server
    (tmp_path / "bin").mkdir()
    for name, module in (("lineage", "app.cli"), ("python3", "")):
        script = f'#!/bin/sh\nexec {sys.executable} {f"-m {module}" if module else ""} "$@"\n'
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o755)
    work = tmp_path / "repository"
    work.mkdir()
    (work / "policy.yml").write_text(
        "rules: [{name: breaks others, when: {ring: [fails], crosses_team: true}, then: block}]"
    )
    git(work, "init", "-q")
    git(work, "add", ".")
    git(work, "commit", "-qm", "base")

    def run(sql: str) -> subprocess.CompletedProcess:
        (work / "db 1.sql").write_text(sql)
        git(work, "add", ".")
        git(work, "commit", "-qm", "change")
        environment = {
            **os.environ, **github(address), "PYTHONPATH": str(ROOT), "POLICY": "policy.yml",
            "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "SNAPSHOT": f"{folder}/a.snap",
            "KEY": "0123456789abcdef", "BASE": "HEAD~1", "FILES": "*.sql", "DIALECT": "snowflake",
        }  # fmt: skip
        script = ["bash", str(ROOT / "docs" / "ci" / "gate.sh")]
        return subprocess.run(
            script, capture_output=True, text=True, cwd=work, env=environment, check=False
        )

    blocked = run("alter table ANALYTICS.MART.ORDERS drop column VOUCHER_CODE;")
    assert blocked.returncode == 1, blocked.stderr
    assert "rule “breaks others”" in kept.kept[0]["body"]
    passed = run("comment on table ANALYTICS.MART.ORDERS is 'orders';")
    assert passed.returncode == 0, passed.stderr
    assert len(kept.kept) == 1
    assert "lets the change pass" in kept.kept[0]["body"]


def test_the_action_hands_the_script_all_it_reads_and_runs_no_input() -> None:
    """Inputs travel as variables; what is written into a script is run."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    steps = action["runs"]["steps"]
    assert not [step for step in steps if "${{" in step["run"]]
    script = (ROOT / "docs" / "ci" / "gate.sh").read_text()
    read = set(re.findall(r"\$\{?([A-Z_]+)", script))
    given = set(steps[-1]["env"]) | {
        "GITHUB_OUTPUT",
        "GITHUB_STEP_SUMMARY",
        "REPORT",
        "GITLAB_TOKEN",
    }
    assert read <= given
    told = re.findall(r"inputs\.([a-z]+)", json.dumps(action["runs"]))
    assert set(told) == set(action["inputs"])


def test_the_template_and_the_hook_call_what_there_is() -> None:
    """The variables of GitLab are those of the script; the hook's command knows its options."""
    job = yaml.safe_load((ROOT / "docs" / "ci" / "gitlab.yml").read_text())["lineage impact"]
    call = job["script"][-1]
    assert {"SNAPSHOT", "POLICY", "KEY", "FILES", "BASE"} == set(re.findall(r"(\w+)=", call))
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    options = [word for word in (*hook["entry"].split(), *hook["args"]) if word.startswith("--")]
    known = lineage("impact", "--help").stdout
    assert options
    assert all(option in known for option in options)
