"""Bodies that are no events, and the answer that each must get: from strangers, by accident."""

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import NamedTuple

JSON = "application/json"
GOOD = {
    "eventType": "COMPLETE",
    "eventTime": "2026-11-01T00:00:00Z",
    "run": {"runId": "r"},
    "job": {"namespace": "n", "name": "j"},
    "inputs": [{"namespace": "db", "name": "x"}],
}


class Broken(NamedTuple):
    """What is sent, and the status it must get; says: a part of the answer's message."""

    name: str
    body: bytes
    status: int
    says: str = ""
    headers: tuple[tuple[str, str], ...] = (("content-type", JSON),)


def broken() -> Iterator[Broken]:
    """All of them."""
    yield from _no_json()
    yield from _no_event()
    yield from _no_times()
    yield from _traps()
    yield from _encoded()
    yield from _typed()


def _event(**changes) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def _no_json() -> Iterator[Broken]:
    whole = _event()
    for at in range(0, len(whole), 25):
        yield Broken(f"cut after {at} bytes", whole[:at], 400, "JSON")
    texts = [
        b"", b" ", b"\n", b"nul", b"True", b"'a'", b"{", b"}", b"[", b"]", b"{]", b"[}", b"{,}",
        b'{"a"}', b'{"a":}', b'{"a":1,}', b"[1,]", b'{a:1}', b'{"a":1}}', b'{"a":1}{"a":1}', b"{}x",
        b"{'a':1}", b"// c\n{}", b"{/*c*/}", b'{"a":01}', b'{"a":+1}', b'{"a":1.}', b'{"a":.5}',
        b'{"a":0x1}', b'{"a":1e}', b'{"a":"\t"}', b'{"a":"\n"}', b'{"a":"\\x41"}', b'{"a":"\\u1"}',
        b'{"a":"\\ud800"}', b'{"a":"\\udc00\\ud800"}', b'"\\"', b"<html></html>", b"a=1&b=2",
        b"\x00", b"\x1f\x8b", b"\x80\x04\x95", b"PK\x03\x04", b"--boundary\r\n", b"%PDF-1.7",
    ]  # fmt: skip
    for text in texts:
        yield Broken(f"no JSON: {text!r}", text, 400, "JSON")
    for text in (
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b'{"a":NaN}',
        b"[Infinity]",
        b'{"a":-Infinity}',
    ):
        yield Broken(f"no number: {text!r}", text, 400, "NaN and Infinity")
    for name in ("utf-16", "utf-16-be", "utf-32", "utf-32-le", "cp500"):
        yield Broken(f"in {name}", whole.decode().encode(name), 400, "JSON")
    for bad in (
        b"\xff",
        b"\xc3",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\x80",
        b"\xfe",
    ):
        yield Broken(f"no UTF-8: {bad!r}", whole.replace(b'"j"', b'"' + bad + b'"'), 400, "UTF-8")


def _no_event() -> Iterator[Broken]:
    for text in (
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1.5",
        '""',
        '"x"',
        "[]",
        "[[]]",
        "[{}]",
        "{}",
    ):
        yield Broken(f"no object of an event: {text}", text.encode(), 422, "$")
    for part in ("eventTime", "job"):
        rest = {name: value for name, value in GOOD.items() if name != part}
        yield Broken(f"without {part}", json.dumps(rest).encode(), 422, "$")
    wrong = (None, True, 0, 1.5, "", "x", [], [1], [None], {}, {"x": 1})
    for value in wrong:
        yield Broken(f"job is {value!r}", _event(job=value), 422, "$")
        if value is not None:  # which is as if it were not there: a JobEvent
            yield Broken(f"run is {value!r}", _event(run=value), 422)
        yield Broken(
            f"runId is {value!r}", _event(run={"runId": value}), 201 if value == "x" else 422
        )
        for part in ("namespace", "name"):
            job = {**GOOD["job"], part: value}
            yield Broken(f"job.{part} is {value!r}", _event(job=job), 201 if value == "x" else 422)
    for name in ("", " ", "\t\n", "\u0000", "\u202e", "\u0007"):
        yield Broken(
            f"a job called {name!r}", _event(job={"namespace": "n", "name": name}), 422, "$.job"
        )
        named = [{"namespace": "db", "name": name}]
        yield Broken(f"an input called {name!r}", _event(inputs=named), 422, "$.inputs[0]")
        yield Broken(f"an output called {name!r}", _event(outputs=named), 422, "$.outputs[0]")
    long = "x" * 5000
    yield Broken(
        "a job of a long name", _event(job={"namespace": "n", "name": long}), 422, "longer"
    )
    yield Broken(
        "an input of a long name", _event(inputs=[{"namespace": long, "name": "x"}]), 422, "longer"
    )
    yield Broken("no job, no dataset", b'{"eventTime":"2026-11-01T00:00:00Z"}', 422, "neither")
    dataset = {"eventTime": GOOD["eventTime"], "dataset": {"namespace": "db"}}
    yield Broken("a dataset without a name", json.dumps(dataset).encode(), 422, "$.dataset")


def _no_times() -> Iterator[Broken]:
    times = (
        None, True, 0, 1761955200, 1.5, "", " ", "now", "2026", "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z", "2026-11-01T25:00:00Z", "10000-01-01T00:00:00Z", [], {},
        "2026-11-01T00:00:00+99:99", "9" * 5000, "\ud83d\ude00", "١٩٩٩-٠١-٠١T٠٠:٠٠:٠٠Z",
    )  # fmt: skip
    for time in times:
        yield Broken(f"time {str(time)[:30]!r}", _event(eventTime=time), 422, "$.eventTime")
    for time in ("2100-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        yield Broken(f"time {time}", _event(eventTime=time), 422, "in the future")


def _traps() -> Iterator[Broken]:
    for deep in (201, 990, 5_000, 200_000):
        for opening, closing in (("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")):
            value = opening * deep + "1" + closing * deep
            text = json.dumps(GOOD)[:-1] + f', "x": {value}}}'
            yield Broken(f"{deep} levels of {opening}", text.encode(), 422, "nested deeper")
    yield Broken("levels that never close", b"[" * 300_000, 422, "nested deeper")
    for number in ("1e400", "-1e400", "1e999999", "9" * 5_000, "-" + "9" * 5_000):
        text = json.dumps(GOOD)[:-1] + f', "x": {number}}}'
        yield Broken(f"the number {number[:12]}…", text.encode(), 422, "too large")
    for text in ('{"a":1,"a":2}', '{"a":{"b":1,"b":1}}', '{"a" :1,"a" :1}', '{"\\u0061":1,"a":2}'):
        yield Broken(f"repeated keys: {text}", text.encode(), 422, "stands twice")


def _encoded() -> Iterator[Broken]:
    good = _event()
    zipped = gzip.compress(good, mtime=0)
    gz = (("content-type", JSON), ("content-encoding", "gzip"))
    for at in range(0, len(zipped), 40):
        yield Broken(f"gzip cut after {at} bytes", zipped[:at], 400, "gzip", gz)
    yield Broken("no gzip at all", good, 400, "gzip", gz)
    yield Broken("zlib for gzip", zlib.compress(good), 400, "gzip", gz)
    yield Broken("gzip with a wrong sum", zipped[:-8] + b"\0" * 8, 400, "gzip", gz)
    yield Broken("gzip with rubbish behind", zipped + b"rubbish", 400, "gzip", gz)
    yield Broken("gzip of rubbish", gzip.compress(b"rubbish"), 400, "JSON", gz)
    yield Broken("gzip of gzip", gzip.compress(zipped), 400, "JSON", gz)
    yield Broken("gzip of nothing", gzip.compress(b""), 400, "JSON", gz)
    yield Broken("a bomb", gzip.compress(b" " * (64 << 20)), 413, "larger", gz)
    yield Broken("bombs in a row", gzip.compress(b"[" * (1 << 20)) * 64, 413, "larger", gz)
    yield Broken("too large", b" " * (3 << 20), 413, "larger")
    lies = (("content-type", JSON), ("content-length", "9" * 30))
    yield Broken("said to be too large", good, 413, "larger", lies)
    for encoding in ("br", "deflate", "zstd", "gzip, gzip", "rot13", "x" * 5_000):
        headers = (("content-type", JSON), ("content-encoding", encoding))
        yield Broken(f"encoded as {encoding[:12]}", good, 415, "Content-Encoding", headers)


def _typed() -> Iterator[Broken]:
    for kind in (
        "text/plain", "text/html", "application/xml", "application/x-www-form-urlencoded", "json",
        "multipart/form-data; boundary=x", "application/octet-stream", "application/jsonp", "", ";",
        "application/x-ndjson", "\x7f", "x" * 5_000,
    ):  # fmt: skip
        yield Broken(
            f"type {kind[:40]!r}", _event(), 415, "Content-Type", (("content-type", kind),)
        )
    for charset in ("utf-16", "latin-1", "ascii", '"utf-7"'):
        headers = (("content-type", f"{JSON}; charset={charset}"),)
        yield Broken(f"charset {charset}", _event(), 415, "UTF-8", headers)
