"""The inbox: what was appended is read, once and in order, whatever ends the process."""

import errno
import random
import resource
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.folding.ledger import Ledger, PackedKeys
from ingest.openlineage.inbox import Inbox, Position, Reader, Received, waiting
from lineage.errors import InboxUnavailable
from lineage.model import Batch
from lineage.stores import open_store


def received(*bodies):
    """Records of these bodies."""
    return [Received(1, "http", body.encode()) for body in bodies]


def texts(records):
    """The bodies of records."""
    return [record.body.decode() for record in records]


def files(folder):
    """The segments in a folder."""
    return sorted(path.name for path in folder.glob("*.events"))


def test_what_is_appended_is_read_with_its_origin_and_time(tmp_path):
    """A record comes back as it went in, whatever bytes it holds."""
    inbox = Inbox(tmp_path)
    records = [Received(7, "http:ä", b"\x00\xff" * 5000), Received(-3, "", b"")]
    inbox.append(records)
    assert Reader(tmp_path, Position()).read(10, 1 << 20) == records


def test_a_reader_follows_a_writer_through_segments(tmp_path, monkeypatch):
    """Reading goes on where it ended, also behind a new segment and a restart."""
    monkeypatch.setattr("ingest.openlineage.inbox._SEGMENT", 100)
    reader, found = Reader(tmp_path, Position()), []
    for start in range(0, 40, 10):
        inbox = Inbox(tmp_path)
        for number in range(start, start + 10):
            inbox.append(received(f"event {number}", "x" * 30))
            found += reader.read(3, 1 << 20)
        inbox.close()
    found += reader.read(1000, 1 << 20)
    assert texts(found)[::2] == [f"event {number}" for number in range(40)]
    assert len(files(tmp_path)) > 10


def test_what_is_applied_goes_from_the_disk(tmp_path):
    """Events lie in the clear no longer than they must; a restart goes on behind them."""
    inbox, reader = Inbox(tmp_path), Reader(tmp_path, Position())
    inbox.append(received("a", "b"))
    inbox.append(received("c"))
    reader.read(2, 1 << 20)
    inbox.clear(reader.position)
    assert len(files(tmp_path)) == 1
    assert waiting(tmp_path, inbox.applied) == (1, 1)
    reader.read(2, 1 << 20)
    inbox.clear(reader.position)
    assert files(tmp_path) == []
    assert inbox.bytes == 0
    inbox.append(received("d"))
    assert texts(reader.read(9, 1 << 20)) == ["d"]
    inbox.close()
    again = Inbox(tmp_path)
    assert waiting(tmp_path, again.applied) == (1, 1)
    again.append(received("e"))
    assert texts(Reader(tmp_path, again.applied).read(9, 1 << 20)) == ["d", "e"]


def test_a_lost_note_of_what_is_applied_reads_all_again(tmp_path):
    """Without the note, or with half of one, events come again; none is left out."""
    inbox = Inbox(tmp_path)
    inbox.append(received("a", "b"))
    inbox.close()
    for half in (b"", b"[3"):
        (tmp_path / "applied").write_bytes(half)
        again = Inbox(tmp_path)
        assert texts(Reader(tmp_path, again.applied).read(9, 1 << 20)) == ["a", "b"]
        again.close()


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_torn_end_costs_only_what_was_never_acknowledged(tmp_path_factory, data):
    """Cut a segment anywhere: every record before the cut is read, and all behind a restart."""
    folder = tmp_path_factory.mktemp("torn")
    inbox, ends = Inbox(folder), []
    for number in range(4):
        inbox.append(received(f"event {number}"))
        ends.append(inbox.end.offset)
    inbox.close()
    cut = data.draw(st.integers(0, ends[-1]))
    rubbish = data.draw(st.binary(max_size=40))
    path = folder / files(folder)[0]
    path.write_bytes(path.read_bytes()[:cut] + rubbish)
    again = Inbox(folder)
    again.append(received("after"))
    found = texts(Reader(folder, Position()).read(99, 1 << 20))
    whole = sum(end <= cut for end in ends)
    assert found == [*(f"event {number}" for number in range(whole)), "after"]
    again.close()


def test_a_segment_with_a_torn_end_is_kept_and_told_of(tmp_path):
    """What is no record is not thrown away unseen: the disk may be at fault."""
    inbox = Inbox(tmp_path)
    inbox.append(received("a"))
    path = tmp_path / files(tmp_path)[0]
    path.write_bytes(path.read_bytes() + b"torn")
    inbox.close()
    inbox = Inbox(tmp_path)
    inbox.append(received("b"))
    reader = Reader(tmp_path, Position())
    assert texts(reader.read(9, 1 << 20)) == ["a", "b"]
    assert "4 bytes" in reader.take_problem()
    assert reader.take_problem() == ""
    inbox.clear(reader.position)
    assert [one.name for one in tmp_path.glob("*.torn")] == [path.with_suffix(".torn").name]


def test_a_disk_without_room_acknowledges_nothing_and_recovers(tmp_path):
    """A write that fails half way raises; what was safe stays, what comes later is safe again."""
    inbox = Inbox(tmp_path)
    inbox.append(received("first"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(InboxUnavailable, match="cannot be written"):
            inbox.append(received("x" * 1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    inbox.append(received("second"))
    assert texts(Reader(tmp_path, Position()).read(9, 1 << 20)) == ["first", "second"]


@pytest.mark.parametrize("call", ["open", "write", "_sync", "ftruncate"])
def test_any_call_that_fails_is_survived(tmp_path, monkeypatch, call):
    """Whatever the disk refuses, nothing acknowledged is lost and the inbox goes on."""

    def failing(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    inbox, safe = Inbox(tmp_path), []
    pick = random.Random(call)
    for number in range(30):
        with monkeypatch.context() as disk:
            if pick.random() < 0.4:
                where = "ingest.openlineage.inbox." + (call if call == "_sync" else f"os.{call}")
                disk.setattr(where, failing)
                if call == "ftruncate":
                    disk.setattr("ingest.openlineage.inbox._sync", failing)
            try:
                inbox.append(received(f"event {number}"))
                safe.append(f"event {number}")
            except InboxUnavailable:
                pass
    inbox.append(received("last"))
    found = texts(Reader(tmp_path, Position()).read(99, 1 << 20))
    assert [one for one in found if one in safe] == safe
    assert found[-1] == "last"
    assert len(found) == len(set(found))


def test_an_inbox_has_one_owner(tmp_path):
    """A second server on the same inbox is told so; one that ended, however, holds nothing."""
    inbox = Inbox(tmp_path)
    with pytest.raises(InboxUnavailable, match="another running"):
        Inbox(tmp_path)
    inbox.close()
    Inbox(tmp_path).close()


def test_an_inbox_that_cannot_be_made_says_where(tmp_path):
    """A file in the way of the folder is an error with the path."""
    (tmp_path / "file").touch()
    with pytest.raises(InboxUnavailable, match="file/inbox"):
        Inbox(tmp_path / "file" / "inbox")


def test_only_the_owner_of_the_process_reads_it(tmp_path):
    """Raw events hold literals: their folder and files are nobody else's."""
    inbox = Inbox(tmp_path / "inbox")
    inbox.append(received("secret"))
    for path in (tmp_path / "inbox", *(tmp_path / "inbox").glob("*.events")):
        assert path.stat().st_mode & 0o077 == 0


keys = st.lists(st.binary(min_size=16, max_size=16), unique=True, max_size=60)


@settings(max_examples=30, deadline=None)
@given(keys, keys, st.integers(1, 30))
def test_packed_keys_are_a_set(before, after, fresh):
    """Membership and the packed form are those of a set, whenever it is packed."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ingest.folding.ledger._FRESH", fresh)
        packed, model = PackedKeys(b"".join(sorted(before))), set(before)
        for key in after:
            assert (key in packed) == (key in model)
            if key not in model:
                packed.add(key)
                model.add(key)
    assert all(key in packed for key in model)
    assert packed.packed() == b"".join(sorted(model))


def test_a_ledger_knows_what_it_was_told(tmp_path, monkeypatch):
    """And leaves it in its shards, while days come and go from memory."""
    monkeypatch.setattr("ingest.folding.ledger._HELD", 300)
    pick = random.Random(4)
    store = open_store(f"sqlite:///{tmp_path}/store.db", create=True)
    ledger, model = Ledger(store), defaultdict(set)
    for _ in range(20):
        for _ in range(30):
            day, key = pick.randrange(-1, 6), pick.randbytes(1) * 16
            assert ledger.add("s", day, key) == (key not in model[day])
            model[day].add(key)
            assert ledger.holds("s", day, key)
        store.apply(Batch(shards=ledger.pending()))
        ledger.committed()
    places = [("s", day) for day in range(-1, 6)]
    for (_, day), shard in store.shards(places).items():
        assert shard.keys == b"".join(sorted(model[day]))
    assert ledger.days("s") == set(range(-1, 6))
