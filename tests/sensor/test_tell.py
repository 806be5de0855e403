"""Events and alerts to real receivers."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from poolwatch.errors import UsageError
from poolwatch.sensor.keep.deletions import DeletionLog
from poolwatch.sensor.tell import (
    EveSettings,
    HostState,
    SyslogSettings,
    Teller,
    TellSettings,
    WebhookSettings,
)
from poolwatch.sensor.tell.changes import Alert, Changes
from poolwatch.sensor.tell.courier import Courier
from poolwatch.sensor.tell.evefile import EveFile
from poolwatch.sensor.tell.webhook import parse_url
from poolwatch.terms import Grade
from tests.sensor.listeners import HttpReceiver, TcpSyslog, UdpSyslog, make_certificate
from tests.sensor.test_changes import finding

SECRET = "correct horse battery staple"
MESSAGE = re.compile(
    rb"<(?P<pri>\d+)>1 (?P<time>\S+) (?P<host>\S+) poolwatch \d+ (?P<id>\S+) "
    rb'\[poolwatch@32473(?P<data>(?: [a-z_]+="(?:[^"\\\]]|\\.)*")+)\] \xef\xbb\xbf(?P<text>.*)'
)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOLWATCH_WEBHOOK_SECRET", SECRET)


def started(settings: TellSettings, **more: Any) -> Teller:
    teller = Teller(settings, sensor="lab sensor", **more)
    teller.start()
    return teller


def wait_for(fact: Callable[[], object], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.005)


def parsed(message: bytes) -> tuple[dict[str, str], dict[str, str]]:
    match = MESSAGE.fullmatch(message)
    assert match, message
    data = dict(re.findall(r'([a-z_]+)="((?:[^"\\\]]|\\.)*)"', match["data"].decode()))
    return {name: value.decode() for name, value in match.groupdict().items()}, data


def test_syslog_over_udp() -> None:
    with UdpSyslog() as receiver:
        settings = SyslogSettings(host="127.0.0.1", port=receiver.port, facility="local3")
        teller = started(TellSettings(syslog=settings, language="zh"))
        unit = {"name": 'a"b]c\\d\n', "path": []}
        assert teller.tell(finding(unit=unit)) == "new"
        head, data = parsed(receiver.next())
        assert teller.close()
    assert head["pri"] == str(19 * 8 + 3)
    assert head["host"] == "lab_sensor"
    assert head["id"] == "new"
    assert head["time"].endswith("Z")
    assert head["text"].startswith("新发现：10.0.0.1")
    assert data["host"] == "10.0.0.1"
    assert data["unit"] == r"a\"b\]c\\d "
    assert data["grade"] == "confirmed"
    assert data["finding_id"] == "7"
    assert teller.counts()["tell_syslog_sent"] == 1


def test_a_datagram_is_cut_where_a_character_ends() -> None:
    with UdpSyslog() as receiver:
        settings = SyslogSettings(host="127.0.0.1", port=receiver.port, datagram_bytes=700)
        teller = started(TellSettings(syslog=settings, language="zh"))
        teller.tell(finding(unit={"name": "物理" * 100}))
        message = receiver.next()
        assert teller.close()
    assert 697 <= len(message) <= 700
    message.decode()


def test_syslog_over_tcp_comes_back() -> None:
    with TcpSyslog() as receiver:
        settings = SyslogSettings(host="127.0.0.1", port=receiver.port, transport="tcp")
        teller = started(TellSettings(syslog=settings))
        teller.tell(finding(host="10.0.0.1"))
        teller.tell(finding(host="10.0.0.2"))
        assert [parsed(receiver.next())[1]["host"] for _ in range(2)] == ["10.0.0.1", "10.0.0.2"]
        assert receiver.accepted == 1
        receiver.drop()
        time.sleep(0.05)
        teller.tell(finding(host="10.0.0.3"))
        assert parsed(receiver.next())[1]["host"] == "10.0.0.3"
        assert receiver.accepted == 2
        assert teller.close()
    assert teller.problems() == {}


def test_a_receiver_that_is_away_is_tried_again() -> None:
    with TcpSyslog() as receiver:
        port = receiver.port
    settings = SyslogSettings(host="127.0.0.1", port=port, transport="tcp")
    teller = started(TellSettings(syslog=settings))
    teller.tell(finding())
    wait_for(lambda: teller.counts()["tell_syslog_retried"])
    assert f"tcp://127.0.0.1:{port}" in teller.problems()["syslog"]
    assert teller.states() == {}  # not delivered: after a restart it is told again
    with TcpSyslog(port=port) as receiver:
        assert parsed(receiver.next())[1]["host"] == "10.0.0.1"
        wait_for(lambda: teller.counts()["tell_syslog_sent"] == 1)
        assert teller.close()
    assert list(teller.states()) == ["10.0.0.1"]


def test_syslog_over_tls_verifies_the_receiver(tmp_path: Path) -> None:
    certificate, context = make_certificate(tmp_path)
    with TcpSyslog(context) as receiver:
        settings = SyslogSettings(
            host="localhost", port=receiver.port, transport="tls", ca_file=str(certificate)
        )
        teller = started(TellSettings(syslog=settings))
        teller.tell(finding())
        assert parsed(receiver.next())[1]["host"] == "10.0.0.1"
        assert teller.close()
        stranger = msgspec.structs.replace(settings, ca_file="")
        teller = started(TellSettings(syslog=stranger))
        teller.tell(finding())
        wait_for(teller.problems)
        assert "certificate is not accepted" in teller.problems()["syslog"]
        assert not teller.close(timeout=0.1)
        assert receiver.got.empty()


def test_a_webhook_is_signed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    with HttpReceiver() as receiver:
        settings = WebhookSettings(url=receiver.url, secret_file=str(secret))
        teller = started(TellSettings(webhook=settings))
        teller.tell(finding())
        path, headers, data = receiver.next()
        assert teller.close()
    assert path == "/hook?to=soc"
    moment = headers["X-Poolwatch-Timestamp"]
    assert abs(int(moment) - time.time()) < 60
    wanted = hmac.new(SECRET.encode(), f"{moment}.".encode() + data, hashlib.sha256).hexdigest()
    assert headers["X-Poolwatch-Signature"] == f"sha256={wanted}"
    alert = json.loads(data)
    assert alert["key"] == headers["X-Poolwatch-Key"]
    assert (alert["change"], alert["host"], alert["before"]) == ("new", "10.0.0.1", None)
    assert alert["text"].startswith("New: 10.0.0.1 mines")
    assert "wallets" not in alert


def test_a_webhook_is_tried_again_with_the_same_key() -> None:
    with HttpReceiver([(503, {}), (429, {"Retry-After": "0"})]) as receiver:
        settings = WebhookSettings(url=receiver.url, retry_most_seconds=1)
        teller = started(TellSettings(webhook=settings))
        teller.tell(finding())
        tries = [receiver.next() for _ in range(3)]
        wait_for(lambda: teller.counts()["tell_webhook_sent"] == 1)
        assert teller.close()
    assert len({headers["X-Poolwatch-Key"] for _, headers, _ in tries}) == 1
    assert teller.counts()["tell_webhook_retried"] == 2


def test_redirects_are_not_followed() -> None:
    with HttpReceiver() as other, HttpReceiver([(307, {"Location": other.url})]) as receiver:
        teller = started(TellSettings(webhook=WebhookSettings(url=receiver.url)))
        teller.tell(finding())
        receiver.next()
        wait_for(lambda: teller.counts()["tell_webhook_failed"] == 1)
        assert "redirects are not followed" in teller.problems()["webhook"]
        assert "to=soc" not in teller.problems()["webhook"]
        assert teller.close()
        assert other.got.empty()


def test_a_webhooks_certificate_is_verified(tmp_path: Path) -> None:
    certificate, context = make_certificate(tmp_path)
    with HttpReceiver(context=context) as receiver:
        settings = WebhookSettings(url=receiver.url, ca_file=str(certificate))
        teller = started(TellSettings(webhook=settings))
        teller.tell(finding())
        receiver.next()
        assert teller.close()
        teller = started(TellSettings(webhook=msgspec.structs.replace(settings, ca_file="")))
        teller.tell(finding())
        wait_for(teller.problems)
        assert "certificate is not accepted" in teller.problems()["webhook"]
        assert not teller.close(timeout=0.1)
        assert receiver.got.empty()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.net/hook",
        "ftp://example.net/",
        "https://user:hunter2@example.net/",
        "https:///hook",
        "https://example.net:99999/",
        "https://example.net/a b",
        "https://example.net/\r\nX: y",
        "hook",
    ],
)
def test_urls_that_will_not_do(url: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_url(url)
    assert "hunter2" not in str(raised.value)


def test_secrets_that_will_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    hook = WebhookSettings(url="https://localhost/", secret_file=str(secret))
    with pytest.raises(UsageError, match="No such file"):
        started(TellSettings(webhook=hook))
    secret.write_text("short")
    secret.chmod(0o600)
    with pytest.raises(UsageError, match="fewer than 16 bytes"):
        started(TellSettings(webhook=hook))
    secret.write_text(SECRET)
    secret.chmod(0o644)
    with pytest.raises(UsageError, match="everybody may read it") as raised:
        started(TellSettings(webhook=hook))
    assert SECRET not in str(raised.value)
    monkeypatch.delenv("POOLWATCH_WEBHOOK_SECRET")
    with pytest.raises(UsageError, match="POOLWATCH_WEBHOOK_SECRET is not set"):
        started(TellSettings(webhook=WebhookSettings(url="https://localhost/")))


def test_a_full_queue_drops_and_counts_and_never_waits() -> None:
    with TcpSyslog() as receiver:
        port = receiver.port
    settings = SyslogSettings(host="127.0.0.1", port=port, transport="tcp", queue=2)
    teller = started(TellSettings(syslog=settings))
    begun = time.monotonic()
    for number in range(50):
        teller.tell(finding(host=f"10.0.0.{number}"))
    assert time.monotonic() - begun < 1
    counts = teller.counts()
    assert (counts["tell_syslog_waiting"], counts["tell_syslog_dropped"]) == (2, 48)
    assert not teller.close(timeout=0.2)


def test_a_full_queue_drops_the_least_sure_and_forgets_that_it_was_told() -> None:
    with TcpSyslog() as receiver:
        port = receiver.port
    settings = SyslogSettings(
        host="127.0.0.1", port=port, transport="tcp", queue=4, retry_most_seconds=1
    )
    teller = started(TellSettings(syslog=settings))
    for number, grade in enumerate(("suspected", "probable", "suspected", "suspected")):
        assert teller.tell(finding(grade, host=f"10.0.1.{number}")) == "new"
    teller.tell(finding("suspected", host="10.0.1.9"))  # no surer than any that waits
    teller.tell(finding(host="10.0.0.5"))
    assert teller.counts()["tell_syslog_dropped"] == 2
    assert teller.states() == {}
    assert teller.tell(finding("suspected", host="10.0.1.9")) is None  # while there is no room
    with TcpSyslog(port=port) as receiver:
        hosts = [parsed(receiver.next())[1]["host"] for _ in range(4)]
        assert hosts == ["10.0.1.0", "10.0.1.1", "10.0.1.3", "10.0.0.5"]
        stored: dict[str, HostState] = {}
        wait_for(lambda: stored.update(teller.states()) or sorted(stored) == sorted(hosts))
        assert teller.tell(finding("suspected", host="10.0.1.9")) == "new"
        assert teller.tell(finding("suspected", host="10.0.1.2")) == "new"
        assert [parsed(receiver.next())[1]["host"] for _ in range(2)] == ["10.0.1.9", "10.0.1.2"]
        assert teller.close()
    assert sorted(teller.states()) == ["10.0.1.2", "10.0.1.9"]


def test_what_was_told_before_a_restart_is_not_told_again() -> None:
    with UdpSyslog() as receiver:
        settings = TellSettings(syslog=SyslogSettings(host="127.0.0.1", port=receiver.port))
        teller = started(settings)
        teller.tell(finding())
        teller.tell(finding(at=1))
        receiver.next()
        assert teller.close()
        last = teller.states()
        assert last["10.0.0.1"].sightings == 1
        stored = msgspec.json.decode(msgspec.json.encode(last), type=dict[str, HostState])
        teller = started(settings, last=stored)
        assert teller.tell(finding(at=2)) is None
        assert teller.tell(finding("confirmed", "mining", at=3)) == "stage_up"
        assert parsed(receiver.next())[1]["sightings"] == "2"
        assert teller.close()


@pytest.fixture
def clock() -> list[float]:
    return [1_700_000_000.0]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_event_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "eve.json"
    path.write_text('{"torn": ')
    teller = started(TellSettings(eve=EveSettings(path=str(path))))
    half = "half of a character: \ud83d"
    events = [finding(), {"event_type": "mining", "v": 1, "agent": half}, {"event_type": "stats"}]
    for event in events:
        teller.tell(event)
    assert teller.close()
    torn, *rest = path.read_text().splitlines()
    assert torn == '{"torn": '
    assert [json.loads(line)["event_type"] for line in rest] == ["finding", "mining", "stats"]
    assert stat.S_IMODE(path.stat().st_mode) & 0o007 in (0, 4)
    assert teller.counts()["tell_eve_written"] == 3


def test_a_file_moved_away_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "eve.json"
    teller = started(TellSettings(eve=EveSettings(path=str(path))))
    teller.tell({"event_type": "stats", "n": 1})
    wait_for(lambda: teller.counts()["tell_eve_written"] == 1)
    path.rename(tmp_path / "eve.json.1")
    teller.tell({"event_type": "stats", "n": 2})
    teller.reopen()
    wait_for(path.exists)
    teller.tell({"event_type": "stats", "n": 3})
    assert teller.close()
    assert [line["n"] for line in lines(tmp_path / "eve.json.1")] == [1, 2]
    assert [line["n"] for line in lines(path)] == [3]


def test_the_file_is_put_aside_by_size_and_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "eve.json"
    (tmp_path / "eve-notes.json").write_text("mine")
    log = tmp_path / "deletions.jsonl"
    settings = EveSettings(path=str(path), rotate_bytes=1000, files=2)
    file = EveFile(settings, deletions=DeletionLog(log))
    file.start()
    for number in range(50):
        file.put({"n": number, "pad": "x" * 100})
        if number % 5 == 0:
            wait_for(lambda: not file.counts()["tell_eve_waiting"])
    assert file.close(5)
    counts = file.counts()
    aside = sorted(tmp_path.glob("eve-2*.json"))
    assert len(aside) == 2
    assert counts["tell_eve_rotated"] == counts["tell_eve_deleted"] + 2 >= 3
    numbers = [line["n"] for each in (*aside, path) for line in lines(each)]
    assert sorted(numbers) == list(range(min(numbers), 50))
    assert (tmp_path / "eve-notes.json").exists()
    gone = lines(log)
    assert len({line["what"] for line in gone}) == len(gone) == counts["tell_eve_deleted"]
    assert all(line["class"] == "events" and line["bytes"] >= 1000 for line in gone)
    assert not {line["what"] for line in gone} & {each.name for each in aside}


def test_the_file_is_put_aside_by_time(tmp_path: Path, clock: list[float]) -> None:
    path = tmp_path / "eve.json"
    file = EveFile(EveSettings(path=str(path), rotate_seconds=3600), now=lambda: clock[0])
    file.start()
    file.put({"n": 1})
    wait_for(lambda: file.counts()["tell_eve_written"] == 1)
    clock[0] += 3600
    file.put({"n": 2})
    assert file.close(5)
    assert [line["n"] for line in lines(path)] == [2]
    assert [line["n"] for line in lines(tmp_path / "eve-20231114T231320Z.json")] == [1]


def test_events_may_go_into_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        teller = started(TellSettings(eve=EveSettings(path=str(path))))
        teller.tell({"event_type": "stats"})
        assert teller.close()
        assert json.loads(os.read(reader, 1000)) == {"event_type": "stats"}
    finally:
        os.close(reader)


def test_a_file_that_cannot_be_opened_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        started(TellSettings(eve=EveSettings(path=str(tmp_path / "missing" / "eve.json"))))


class Unsendable:
    """A receiver that fails at one host's alerts, in a way nobody foresaw."""

    name = "syslog"

    def __init__(self) -> None:
        self.got: list[str] = []

    def send(self, alert: Alert, text: str) -> None:
        if alert.host == "10.0.0.1":
            raise KeyError("stage")
        self.got.append(text)

    def close(self) -> None:
        pass


def test_an_alert_that_cannot_be_sent_does_not_stop_those_behind_it() -> None:
    receiver = Unsendable()
    courier = Courier(
        receiver, queue=9, retry_most_seconds=0.01, give_up_seconds=None, done=lambda _: None
    )
    courier.start()
    changes = Changes(Grade.SUSPECTED, 1, 9, {})
    for host in ("10.0.0.1", "10.0.0.2"):
        alert = changes.take(finding(host=host), 1)
        assert alert is not None
        assert courier.put(alert, host) is None
    wait_for(lambda: receiver.got == ["10.0.0.2"])
    assert courier.thread.is_alive()
    counts = courier.counts()
    assert (counts["tell_syslog_failed"], counts["tell_syslog_retried"]) == (1, 4)
    courier.stop(time.monotonic() + 1)
    assert courier.join()


def test_a_name_that_cannot_be_one_is_a_problem_like_others() -> None:
    teller = started(TellSettings(syslog=SyslogSettings(host="a" * 64 + ".example")))
    assert teller.tell(finding()) == "new"
    wait_for(lambda: "idna" in teller.problems().get("syslog", ""))
    assert all(thread.is_alive() for thread in teller.threads())
    teller.close(0.2)
