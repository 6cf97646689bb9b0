"""An import tells where it is, what it would do, how it stopped, and how to go on."""

import datetime as dt
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from app.cli import cli
from app.commands.watch import watch
from app.text.eta import Eta
from app.text.importing import Watch
from ingest.declared.sources import SourceBook
from ingest.files.pieces import PIECE
from ingest.pipeline import Progress
from lineage.errors import StoreUnavailable
from lineage.stores import open_store
from tests.trusted_logs import NAMESPACE, command, export, hash_of, month, options, row, take

ROOT = Path(__file__).parents[1]
# Seconds of a reading, of a commit, bytes between two commits, bytes in all.
PACES = {
    "half of it at commits": (1.0, 50.0, 50, 1000),
    "commits that take most": (0.2, 80.0, 40, 2000),
    "one commit, as long as the reading": (1.0, 1000.0, 1000, 1000),
}


def course(read, commit, between, total):
    """(stage, bytes done, seconds) of an import with this pace, and how long it takes in all."""
    seen, now = [], 0.0
    for done in range(1, total + 1):
        now += read
        seen.append(("reading", done, now))
        if done % between == 0:
            seen.append(("analysing", 0, now))
            now += commit / 2
            seen.append(("writing", 0, now))
            now += commit / 2
    return seen, now


@pytest.mark.parametrize("pace", PACES)
def test_the_time_left_is_right_within_a_fifth_after_the_first_tenth(pace):
    """At every tenth of the reading; by a clock of the test's own."""
    total = PACES[pace][-1]
    seen, end = course(*PACES[pace])
    eta = Eta(0.0)
    checked = 0
    for stage, done, now in seen:
        eta.see(stage, done, now)
        if stage == "reading" and done >= total / 10 and done % (total // 10) == 1:
            left = eta.left(total)
            assert left == pytest.approx(end - now, rel=0.2), (done, now)
            checked += 1
    assert checked >= 8


@pytest.mark.parametrize(("server", "cell"), [(False, 48), (True, 200)])
@pytest.mark.parametrize("power", [0.5, 0.8, 1.0])
def test_the_only_commit_is_foreseen_by_its_cells(power, server, cell):
    """It takes longer than the reading, most of all on a server, and nobody has seen one yet."""
    total, eta, record = 1_000_000, Eta(0.0, server=server), 20e-6
    end = total * record + cell * record * 10 * total**power
    for tenth in range(1, 10):
        read = tenth * total // 10
        eta.see("reading", 700 * read, read * record, read, round(10 * read**power))
        if tenth > 1:
            assert eta.left(700 * total) == pytest.approx(end - read * record, rel=0.2)


def test_progress_without_a_terminal_is_json_lines():
    """Each line has stage, file, records, dead letters, rate and the seconds left."""
    out, now = io.StringIO(), iter(range(0, 1000, 10))
    with Watch(out, lambda: next(now)) as shown:
        for tenth in range(1, 6):
            shown.show(Progress("reading", "a.csv", tenth * 100, tenth, tenth * 10, 100))
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["read"] for line in lines] == [100, 200, 300, 400, 500]
    assert lines[-1]["file"] == "a.csv"
    assert (lines[-1]["dead"], lines[-1]["rate"]) == (5, 10)
    assert lines[-1]["eta_seconds"] == pytest.approx(160, rel=0.1)


def test_a_plan_says_what_would_change_and_changes_nothing(tmp_path):
    """Records that are new or counted, nodes that the graph would get; no store is made for it."""
    rows = month(sessions=False)
    first, whole = export(rows[:30], tmp_path / "a.csv"), export(rows, tmp_path / "b.csv")
    database = tmp_path / "plan.db"
    url = f"sqlite:///{database}"
    flags = ["--namespace", NAMESPACE, "--default-db", "SHOP", "--default-schema", "PUBLIC"]

    def planned(path):
        asked = ["import", path, "--plan", "--store", url, "--format", "json", *flags]
        done = CliRunner().invoke(cli, asked)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    would = planned(first)
    assert not database.exists()
    report = take(url, [first])
    assert would["would"]["imported"] == report.imported
    assert would["would"]["new"]["Dataset"] > 0
    before = hash_of(url)
    again = planned(whole)
    assert again["would"]["duplicate"] == 30
    assert again["would"]["imported"] > 0
    assert hash_of(url) == before
    assert take(url, [whole]).imported == again["would"]["imported"]


def test_a_plan_of_many_files_is_short(tmp_path, monkeypatch):
    """Files that are read alike are one line, which says as what they would be read, and why."""
    monkeypatch.chdir(tmp_path)  # a long path takes the room of what is said
    for number in range(20):
        export([row(number, "SELECT id FROM orders")], tmp_path / f"{number:02}.csv")
    asked = ["import", ".", "--plan", "--namespace", NAMESPACE]
    done = CliRunner().invoke(cli, [*asked, "--store", f"sqlite:///{tmp_path}/plan.db"])
    lines = done.stdout.splitlines()
    assert lines[0] == "The import would count 20 of 20 records; nothing was written."
    assert [line for line in lines if "00.csv and 19 more  snowflake" in line]
    assert len(lines) < 20


def halted(folder, path, rows):
    """An import that was halted (SIGSTOP) when some of its commits were made, and its store."""
    pipe = subprocess.PIPE
    for number in range(20):
        url, wal = f"sqlite:///{folder}/{number}.db", folder / f"{number}.db-wal"
        process = subprocess.Popen(
            command(url, path), stdout=pipe, stderr=pipe, text=True, cwd=ROOT
        )
        while process.poll() is None and not (wal.exists() and wal.stat().st_size > 300_000):
            time.sleep(0.02)
        process.send_signal(signal.SIGSTOP)
        ended = os.WEXITED | os.WSTOPPED | os.WNOWAIT
        if os.waitid(os.P_PID, process.pid, ended).si_code == os.CLD_STOPPED:
            store = open_store(url)
            done = sum(one.total for one in store.logged().values())
            store.close()
            if 0 < done < rows - 400:  # two commits are still to come
                return process, url
        process.kill()
        process.communicate()
    pytest.fail("it was never met between two commits")


def test_ctrl_c_says_what_is_done(tmp_path, monkeypatch):
    """It ends with 130, without traceback; nothing is half written; a rerun completes the work."""
    rows = [row(n, f"SELECT id FROM orders WHERE id IN ({n})", 1 + n % 28) for n in range(4_000)]
    path = export(rows, tmp_path / "log.csv")
    monkeypatch.setenv("LINEAGE_FLUSH", "200")
    process, url = halted(tmp_path, path, len(rows))
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    out, said = process.communicate()
    assert process.returncode == 130, said
    assert out == ""
    assert "are in the store" in said
    assert "run the same command again" in said
    assert "Traceback" not in said
    said = options(catalogues=())
    report = take(url, [path], said, flush=len(rows))
    assert report.imported + report.duplicate == len(rows)
    assert report.duplicate > 0
    clean = f"sqlite:///{tmp_path}/clean.db"
    take(clean, [path], said, flush=len(rows))
    assert hash_of(url) == hash_of(clean)


def on_a_terminal(folder, stage):
    """An import, all of its processes in one group, with one at a stage; and what it says."""
    text = f"SELECT id FROM orders WHERE status = '{'x' * 2_000}'"
    path = export([row(n, text) for n in range(PIECE // 4_000)], folder / "log.csv")
    said = folder / "said"
    with said.open("w") as file:
        process = subprocess.Popen(
            [*command(f"sqlite:///{folder}/store.db", path), "--workers", "2"],
            cwd=ROOT, start_new_session=True, stdout=file, stderr=file,
        )  # fmt: skip
    until(lambda: any(map(stage, children(process.pid))))
    return process, said


def children(process):
    """The processes that it has started."""
    try:
        return Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []


def is_young(process):
    """Whether it is a Python that will start others, and signals still come to it as exceptions."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return starts_others(process) and caught >> (signal.SIGINT - 1) & 1


def has_started(process):
    """Whether it has started one that works for the import."""
    return starts_others(process) and children(process)


def starts_others(process):
    """Whether it is a Python that starts others."""
    try:
        return b"forkserver" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def until(what):
    """Waits until it is true."""
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def nobody_in(group):
    """Whether all processes of a group have ended."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
@pytest.mark.parametrize("stage", [is_young, has_started])
def test_ctrl_c_is_for_the_import_alone(tmp_path, stage):
    """A terminal sends it to the processes beside it too, be they as young as they may."""
    process, said = on_a_terminal(tmp_path, stage)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait() == 130
    until(lambda: nobody_in(process.pid))
    assert stage is is_young or "stopping after this step" in said.read_text()
    assert "Traceback" not in said.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
def test_ctrl_c_twice_waits_for_nobody(tmp_path):
    """Not even for processes beside it that do not get on; they end once they can."""
    process, said = on_a_terminal(tmp_path, has_started)
    # Not the import itself: a signal to who just goes on may reach a thread that does not care.
    for other in children(process.pid):
        for one in (other, *children(other)):
            os.kill(int(one), signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    until(lambda: "stopping after this step" in said.read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    os.killpg(process.pid, signal.SIGCONT)
    until(lambda: nobody_in(process.pid))
    assert "Traceback" not in said.read_text()


class Interrupted(Exception):
    """The end of a watch."""


def looks(steps):
    """A sleep that does one of these steps between two looks, and ends the watch after the last."""
    todo = iter(steps)

    def sleep(_):
        step = next(todo, None)
        if step is None:
            raise Interrupted
        step()

    return sleep


def test_a_watched_folder_is_imported_as_files_settle(tmp_path):
    """A file that grows waits; one that grew is read again; a store that is away is retried."""
    folder = tmp_path / "exports"
    folder.mkdir()
    log = folder / "a.csv"
    taken = []

    def take_one(files):
        taken.append((Path(files[0]).name, Path(files[0]).stat().st_size))
        if len(taken) == 1:
            raise StoreUnavailable("no server")

    def grow():
        log.write_text(log.read_text() + "x" if log.exists() else "x")

    def wait():
        pass

    with pytest.raises(Interrupted):
        watch((str(folder),), take_one, 1, looks([grow, grow, wait, wait, grow, wait, wait]))
    assert taken == [("a.csv", 2), ("a.csv", 2), ("a.csv", 3)]


@pytest.mark.parametrize("flags", [["--plan"], ["--strict"], ["--every", "0"], ["--every", "-1"]])
def test_a_watch_for_which_a_flag_means_nothing(tmp_path, flags):
    """It is told at once, and nothing is imported."""
    store = tmp_path / "watch.db"
    asked = ["import", "--watch", str(tmp_path), "--store", f"sqlite:///{store}", *flags]
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 2
    assert flags[0] in done.stderr
    assert not store.exists()


def test_the_report_names_gaps_and_the_next_export(tmp_path):
    """Days without a log that the learned week expects; per source, where the next one begins."""
    start = dt.date(2026, 8, 3)  # a Monday
    gone = {dt.date(2026, 9, 9), dt.date(2026, 9, 10)}
    days = [start + dt.timedelta(n) for n in range(60)]
    rows = [
        (f"q{day}", "SELECT id FROM orders", "ANA", f"{day} 08:00:00.000 +0000", "s", "SUCCESS")
        for day in days
        if day.weekday() < 5 and day not in gone
    ]
    late = ("late", "SELECT id FROM orders", "ANA", "2999-01-01 08:00:00.000 +0000", "s", "SUCCESS")
    url = f"sqlite:///{tmp_path}/gaps.db"
    report = take(url, [export([*rows, late], tmp_path / "log.csv")])
    assert report.gaps == {NAMESPACE: ("2026-09-09..2026-09-10",)}
    assert report.coverage[NAMESPACE]["days_logged"] == len(rows)
    assert report.dead_letters == {"future_time": 1}
    (following,) = report.next
    assert following.watermark == "2026-10-01T08:00:00.000000Z"
    assert "START_TIME >= '2026-09-30'" in following.export
    assert "{since}" not in following.export
    assert msgspec.to_builtins(take(url, []).next[0]) == msgspec.to_builtins(following)


def test_a_declared_schedule_expects_its_days(tmp_path):
    """What `sources.yml` says of a source's days goes before what was learned."""
    book = tmp_path / "sources.yml"
    book.write_text(
        f"sources:\n  shop:\n    files: ['*.csv']\n    namespace: {NAMESPACE}\n"
        "    schedule: [monday, tuesday]\n"
    )
    rows = [
        (
            f"q{day}",
            "SELECT 1 FROM t",
            "ANA",
            f"2026-10-{day:02d} 08:00:00.000 +0000",
            "",
            "SUCCESS",
        )
        for day in (5, 6, 12, 20, 26, 27)
    ]
    path = export(rows, tmp_path / "log.csv")
    url = f"sqlite:///{tmp_path}/declared.db"
    report = take(url, [path], options(book=SourceBook.load(book)))
    assert report.gaps == {NAMESPACE: ("2026-10-13", "2026-10-19")}
