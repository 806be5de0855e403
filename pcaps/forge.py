"""Makes the captures in this folder from their recipes. Only this and carriers.py import scapy.

    python pcaps/forge.py            make every capture and truth.json anew
    python pcaps/forge.py NAME ...   only these scenarios

A scenario is a folder with a `recipe.toml`; `pcaps/README.md` says what stands in one.
Everything is deterministic: the same recipe gives the same bytes.
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import ipaddress
import json
import re
import struct
import sys
import tomllib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scapy.all import (  # type: ignore[attr-defined]
    DNS,
    DNSQR,
    DNSRR,
    IP,
    TCP,
    UDP,
    CookedLinux,
    Dot1AD,
    Dot1Q,
    Ether,
    IPv6,
    IPv6ExtHdrDestOpt,
    Packet,
    PcapWriter,
    Raw,
    fragment,
)

HERE = Path(__file__).resolve().parent
if not __package__:  # run as a script
    sys.path.insert(0, str(HERE.parent))
DAY = datetime.datetime(2026, 1, 12, 8, 0, tzinfo=datetime.UTC)
MSS = 1460
_PLACEHOLDER = re.compile(r"\{hex:(\d+):([\w-]+)\}")
_LINKTYPES = {"ethernet": 1, "ppp": 9, "sll": 113, "raw": 101}

Sent = tuple[float, bytes]


def main(names: list[str]) -> None:
    """Make the named scenarios, or all."""
    for folder in scenarios():
        if not names or folder.name in names:
            make(folder)


def scenarios() -> list[Path]:
    """The scenario folders, in order."""
    return sorted(path.parent for path in HERE.glob("*/recipe.toml"))


def make(folder: Path) -> None:
    """Write a scenario's capture and truth."""
    recipe = tomllib.loads((folder / "recipe.toml").read_text("utf-8"))
    packets, truth = build(recipe)
    _write_capture(folder / "capture.pcap", packets, recipe)
    taps = sorted({name for flow in recipe.get("flow", []) for name in flow.get("taps", {})})
    for tap in taps:
        packets, seen = build(_at_tap(recipe, tap))
        _write_capture(folder / f"{tap}.pcap", packets, recipe)
        truth.setdefault("taps", {})[tap] = {"flows": seen["flows"]}
    if "log" in recipe:
        from pcaps import logfiles

        logfiles.write(folder, recipe["log"], DAY)
    truth |= {
        name: recipe[name]
        for name in ("chains", "companions", "exits", "removals")
        if name in recipe
    }
    text = json.dumps(truth, indent=1, ensure_ascii=False, sort_keys=True)
    (folder / "truth.json").write_text(text + "\n", "utf-8")


def _write_capture(path: Path, packets: list[Sent], recipe: dict[str, Any]) -> None:
    link = _LINKTYPES[recipe.get("link", "ethernet")]
    with PcapWriter(str(path), linktype=link, sync=True) as writer:
        writer.write_header(None)
        for seconds, data in packets:
            kept = data[: recipe.get("snaplen", 65535)]
            writer.write_packet(kept, *_split(seconds), caplen=len(kept), wirelen=len(data))


def _at_tap(recipe: dict[str, Any], tap: str) -> dict[str, Any]:
    """The recipe as another tap sees it: its flows only, with the miner's address there."""
    flows = [
        flow | {"miner": flow["taps"][tap], "mac": None, "elsewhere": False, "number": number}
        for number, flow in enumerate(recipe["flow"])
        if tap in flow.get("taps", {})
    ]
    return recipe | {"flow": flows}


def build(recipe: dict[str, Any]) -> tuple[list[Sent], dict[str, Any]]:
    """A recipe's packets in time order, and its truth."""
    packets: list[tuple[float, int, bytes]] = []
    flows: list[dict[str, Any]] = []
    for number, flow in enumerate(_flows(recipe)):
        if flow.get("elsewhere"):
            continue
        conversation = Conversation(flow, recipe, flow.get("number", number))
        for seconds, data in conversation.packets():
            packets.append((seconds, len(packets), data))
        flows.append(conversation.truth())
    packets.sort()
    truth = {
        "title": recipe["title"],
        "flows": flows,
        "hosts": recipe.get("hosts", {}),
        "options": recipe.get("options", []),
    }
    return [(seconds, data) for seconds, _, data in packets], truth


def _flows(recipe: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A recipe's own flows, then those of the scenarios it includes, moved in time."""
    for flow in recipe.get("flow", []):
        yield from _swept(flow)
    for include in recipe.get("include", []):
        other = tomllib.loads((HERE / include["scenario"] / "recipe.toml").read_text("utf-8"))
        for flow in other["flow"]:
            start = float(flow.get("start", 0)) + include.get("start", 0.0)
            yield flow | {"start": start} | _moved(flow, include.get("move", {}))


def _swept(flow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The flow, or as many as its `sweep` says, to one address after another."""
    sweep = flow.get("sweep", {"count": 1})
    miner, pool = _endpoint(flow["miner"]), _endpoint(flow["pool"])
    for n in range(sweep["count"]):
        to = ipaddress.ip_address(pool[0]) + n * sweep.get("step", 1)
        start = float(flow.get("start", 0)) + n * sweep.get("every", 0.0)
        ends = {"miner": _joined(miner[0], miner[1] + n), "pool": _joined(str(to), pool[1])}
        yield flow | {"start": start} | ends if "sweep" in flow else flow


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _moved(flow: dict[str, Any], move: dict[str, str]) -> dict[str, str]:
    """Both ends of a flow, their addresses beginning as `move` says."""
    ends = {"miner": flow["miner"], "pool": flow["pool"]}
    for name, text in ends.items():
        for before, after in move.items():
            if text.startswith(before):
                ends[name] = after + text.removeprefix(before)
    return ends


class Conversation:
    """One flow of a recipe: a transcript sent over TCP, or a few datagrams over UDP."""

    def __init__(self, flow: dict[str, Any], recipe: dict[str, Any], number: int) -> None:
        self.flow = flow
        self.link = recipe.get("link", "ethernet")
        self.seed = f"{recipe['title']}/{number}"
        self.miner = _endpoint(flow["miner"])
        self.pool = _endpoint(flow["pool"])
        self.now = DAY.timestamp() + float(flow.get("start", 0.0))
        self.seq = {"C": self._number("C"), "S": self._number("S")}
        self.ident = 0
        self.frames = 0  # of WebSockets, so far

    def packets(self) -> Iterator[Sent]:
        """The flow's packets as they were captured."""
        sent = list(self._udp() if self.flow.get("udp") else self._tcp())
        for index, (seconds, side, data) in enumerate(self._mishap(sent)):
            if self.flow.get("only", side) == side and index >= self.flow.get("skip", 0):
                yield seconds, data

    def truth(self) -> dict[str, Any]:
        """What is to be found of this flow."""
        return {
            "miner": list(self.miner),
            "pool": list(self.pool),
            "expect": self.flow.get("expect"),
        }

    # -- transports ----------------------------------------------------------------

    def _udp(self) -> Iterator[tuple[float, str, bytes]]:
        for side, wait, payload in self._lines():
            self.now += wait
            sport, dport = self._ports(side)
            yield self._captured(side, UDP(sport=sport, dport=dport) / Raw(payload))

    def _tcp(self) -> Iterator[tuple[float, str, bytes]]:
        flow = self.flow
        opener, other = ("C", "S") if flow.get("opens", "C") == "C" else ("S", "C")
        if flow.get("handshake", True):
            yield self._segment(opener, b"", "S")
            if flow.get("reset"):
                yield self._segment(other, b"", "RA")
                return
            if flow.get("answered", True):
                yield self._segment(other, b"", "SA")
                yield self._segment(opener, b"", "A")
        for side, wait, payload in self._lines():
            self.now += wait
            mss = flow.get("mss", MSS)
            for start in range(0, len(payload), mss):
                yield self._segment(side, payload[start : start + mss], "PA")
            if flow.get("acks", True):
                yield self._segment("S" if side == "C" else "C", b"", "A")
        if flow.get("close", True) and flow.get("answered", True):
            yield self._segment("C", b"", "FA")
            yield self._segment("S", b"", "FA")
            yield self._segment("C", b"", "A")

    def _segment(self, side: str, payload: bytes, flags: str) -> tuple[float, str, bytes]:
        other = "S" if side == "C" else "C"
        sport, dport = self._ports(side)
        segment: Packet = TCP(
            sport=sport,
            dport=dport,
            flags=flags,
            seq=self.seq[side],
            ack=self.seq[other] if "A" in flags else 0,
            window=64240,
        )
        if payload:
            segment = segment / Raw(payload)
        self.seq[side] = (self.seq[side] + len(payload) + ("S" in flags) + ("F" in flags)) % 2**32
        captured = self._captured(side, segment)
        self.now += 0.0004
        return captured

    def _captured(self, side: str, transport: Packet) -> tuple[float, str, bytes]:
        source, destination = (
            (self.miner[0], self.pool[0]) if side == "C" else (self.pool[0], self.miner[0])
        )
        self.ident += 1
        if ":" in source:
            packet: Packet = IPv6(src=source, dst=destination, hlim=64)
            if self.flow.get("extension"):
                packet = packet / IPv6ExtHdrDestOpt()
        else:
            packet = IP(src=source, dst=destination, ttl=64, id=self.ident & 0xFFFF)
        packet = self._carried(side, packet / transport)
        return self.now, side, bytes(self._framed(side, packet))

    def _carried(self, side: str, packet: Packet) -> Packet:
        names = self.flow.get("carrier", [])
        if not names and self.link != "ppp":
            return packet
        from pcaps import carriers

        packet = carriers.wrapped(
            packet, names, carriers.Leg(side == "S", 0, self.ident, self._number("entropy"), (0,))
        )
        return carriers.in_ppp(packet) if self.link == "ppp" else packet

    def _framed(self, side: str, packet: Packet) -> Packet:
        if self.link in ("raw", "ppp"):
            return packet
        ethertype = 0x86DD if packet.haslayer(IPv6) else 0x0800
        if self.link == "sll":
            cooked: Packet = CookedLinux(proto=ethertype, src=b"\x02\0\0\0\0\x01") / packet
            return cooked
        macs = (
            self.flow.get("mac") or "02:00:00:00:00:01",
            self.flow.get("pool_mac") or "02:00:00:00:00:02",
        )
        source, destination = macs if side == "C" else macs[::-1]
        frame: Packet = Ether(src=source, dst=destination)
        tags = self.flow.get("vlan", [])
        for depth, tag in enumerate(tags):
            outer = depth == 0 and len(tags) > 1
            frame = frame / (Dot1AD(vlan=tag) if outer else Dot1Q(vlan=tag))
        framed: Packet = frame / packet
        return framed

    # -- what goes wrong on the way ---------------------------------------------------

    def _mishap(self, sent: list[tuple[float, str, bytes]]) -> list[tuple[float, str, bytes]]:
        """Retransmissions, reordering, losses, keep-alives, fragments a recipe asks for."""
        flow = self.flow
        for index in flow.get("lose", []):
            sent[index] = (sent[index][0], sent[index][1], b"")
        for first, second in flow.get("swap", []):
            one, two = sent[first], sent[second]
            sent[first] = (one[0], two[1], two[2])
            sent[second] = (two[0], one[1], one[2])
        for index in sorted(flow.get("repeat", []), reverse=True):
            seconds, side, data = sent[index]
            sent.insert(index + 1, (seconds + 0.2, side, data))
        for index in sorted(flow.get("keepalive", []), reverse=True):
            seconds, side, data = sent[index]
            sent.insert(index + 1, (seconds + 0.1, side, _keepalive(data)))
        for index in sorted(flow.get("fragment", []), reverse=True):
            seconds, side, data = sent[index]
            pieces = fragment(Ether(data)[IP], fragsize=128)
            header = data[:14]
            sent[index : index + 1] = [(seconds, side, header + bytes(piece)) for piece in pieces]
        if flow.get("twice"):  # two mirror legs, half a millisecond apart
            sent = [copy for one in sent for copy in (one, (one[0] + 0.0005, *one[1:]))]
        return [packet for packet in sent if packet[2]]

    # -- what is said ------------------------------------------------------------------

    def _lines(self) -> Iterator[tuple[str, float, bytes]]:
        flow = self.flow
        lines = flow.get("say")
        if lines is None:
            path = HERE / "transcripts" / f"{flow['transcript']}.toml"
            lines = tomllib.loads(path.read_text("utf-8"))[flow.get("part", "session")]
        lines = flow.get("before", []) + lines + list(self._rounds())
        end = flow.get("line_end", "\n").encode()
        for side, wait, *said in lines:
            if len(said) == 2:  # an HTTP head and a body
                yield side, wait, _http(said[0], _fill(said[1], self.seed))
            elif said[0].startswith("dns:"):
                message = dns(*said[0].removeprefix("dns:").split())
                prefix = b"" if flow.get("udp") else struct.pack(">H", len(message))
                yield side, wait, prefix + message
            elif said[0].startswith("tls:"):
                yield side, wait, tls(*said[0].removeprefix("tls:").split(), seed=self.seed)
            elif said[0].startswith("hex:"):
                yield side, wait, bytes.fromhex(_fill(said[0].removeprefix("hex:"), self.seed))
            elif said[0].startswith("random:"):
                size, label = said[0].split(":")[1:]
                yield side, wait, _stream(f"{self.seed}/{label}", int(size))
            elif said[0].startswith("gzip:"):
                text = _fill(said[0].removeprefix("gzip:"), self.seed)
                yield side, wait, gzip.compress(text.encode() + b"\n", mtime=0)
            elif said[0].startswith("ws"):
                yield side, wait, self._websocket(side, _fill(said[0], self.seed))
            else:
                text = _respelled(_fill(said[0], self.seed), flow.get("spelling", ""))
                yield side, wait, text.encode() + end

    def _rounds(self) -> Iterator[list[Any]]:
        """Lines said again and again; `{n}` counts up from `first`."""
        for rounds in self.flow.get("rounds", []):
            for n in range(rounds["first"], rounds["first"] + rounds["count"]):
                for side, wait, text in rounds["say"]:
                    yield [side, wait, text.replace("{n}", str(n))]

    def _websocket(self, side: str, said: str) -> bytes:
        """A message over WebSocket: `ws:TEXT`, or with options `ws,binary,split=3,packed:TEXT`."""
        words, text = said.split(":", 1)
        options = {word.split("=")[0]: word.split("=")[-1] for word in words.split(",")[1:]}
        payload = text.encode()
        if "packed" in options:
            packer = zlib.compressobj(wbits=-15)
            payload = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
            payload = payload.removesuffix(b"\0\0\xff\xff")
        parts = int(options.get("split", 1))
        size = -(-len(payload) // parts)
        frames = b""
        for index in range(parts):
            self.frames += 1
            first = 0 if index else (2 if "binary" in options else 1) | 0x40 * ("packed" in options)
            head = first | 0x80 * (index == parts - 1)
            key = _stream(f"{self.seed}/mask{self.frames}", 4) if side == "C" else b""
            frames += frame(head, payload[index * size : (index + 1) * size], key)
        return frames

    def _ports(self, side: str) -> tuple[int, int]:
        ports = self.miner[1], self.pool[1]
        return ports if side == "C" else ports[::-1]

    def _number(self, label: str) -> int:
        digest = hashlib.sha256(f"{self.seed}/{label}".encode()).digest()
        fixed = self.flow.get(f"isn_{label.lower()}")
        return int(fixed) if fixed is not None else struct.unpack(">I", digest[:4])[0]


def dns(name: str, *told: str, ident: int = 7) -> bytes:
    """A DNS query, or with anything told its answer: aliases, each of the one before it, then
    addresses of the last. `ttl=N` sets the time to live of what follows, `AAAA` asks for IPv6.
    """
    ttl = 300
    owner, answers = name, []
    kind = "AAAA" if any(":" in word for word in told) or "AAAA" in told else "A"
    for word in told:
        if word.startswith("ttl="):
            ttl = int(word.removeprefix("ttl="))
        elif ":" in word or word.replace(".", "").isdigit():
            of = "AAAA" if ":" in word else "A"
            answers.append(DNSRR(rrname=owner, type=of, ttl=ttl, rdata=word))
        elif word != "AAAA":
            answers.append(DNSRR(rrname=owner, type="CNAME", ttl=ttl, rdata=word))
            owner = word
    question = DNSQR(qname=name, qtype=kind)
    if not answers:
        return bytes(DNS(id=ident, rd=1, qd=question))
    return bytes(DNS(id=ident, qr=1, rd=1, ra=1, qd=question, an=answers).compress())


def frame(head: int, payload: bytes, key: bytes) -> bytes:
    """One WebSocket frame, masked when there is a key."""
    size = len(payload)
    bit = 0x80 if key else 0
    if size < 126:
        lengths = bytes([head, bit | size])
    else:
        lengths = struct.pack(">BBH", head, bit | 126, size)
    masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload)) if key else payload
    return lengths + key + masked


# -- TLS -----------------------------------------------------------------------------------


def tls(what: str, *words: str, seed: str) -> bytes:
    """The bytes of a TLS handshake: `hello`, `server`, `server13`, or `data` under a key.

    `hello sni=NAME alpn=h2,http/1.1 pad=N`, `server names=A,B`, `data size=N`.
    """
    options = dict(word.split("=", 1) for word in words)
    if what == "hello":
        return _client_hello(options, seed)
    if what == "data":
        return _record(0x17, _stream(f"{seed}/data", int(options["size"])))
    version = 13 if what == "server13" else 12
    messages = _message(2, _server_hello(version, seed))
    if version == 12:
        certificate = _certificate(options["names"].split(","), seed)
        entry = _sized(3, certificate)
        messages += _message(11, _sized(3, entry)) + _message(14, b"")
    return _record(0x16, messages)


def _client_hello(options: dict[str, str], seed: str) -> bytes:
    suites = struct.pack(">8H", 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0x00FF)
    extensions = b""
    if "sni" in options:
        extensions += _extension(0, _sized(2, b"\0" + _sized(2, options["sni"].encode())))
    extensions += _extension(10, _sized(2, struct.pack(">2H", 0x001D, 0x0017)))
    extensions += _extension(13, _sized(2, struct.pack(">3H", 0x0403, 0x0804, 0x0401)))
    if "alpn" in options:
        names = b"".join(_sized(1, name.encode()) for name in options["alpn"].split(","))
        extensions += _extension(16, _sized(2, names))
    extensions += _extension(43, _sized(1, struct.pack(">2H", 0x0304, 0x0303)))
    share = struct.pack(">H", 0x001D) + _sized(2, _stream(f"{seed}/share", 32))
    shares = _extension(51, _sized(2, share))
    if "pad" in options:  # in front, as a large key share of some clients is
        filling = _extension(21, bytes(int(options["pad"])))
        shares, extensions = b"", filling + shares + extensions
    extensions += shares
    body = (
        b"\x03\x03"
        + _stream(f"{seed}/client", 32)
        + _sized(1, _stream(f"{seed}/session", 32))
        + _sized(2, suites)
        + b"\1\0"
        + _sized(2, extensions)
    )
    return _record(0x16, _message(1, body), version=0x0301)


def _server_hello(version: int, seed: str) -> bytes:
    suite = 0x1301 if version == 13 else 0xC02F
    extensions = b""
    if version == 13:
        share = struct.pack(">H", 0x001D) + _sized(2, _stream(f"{seed}/answer", 32))
        extensions = _extension(43, b"\x03\x04") + _extension(51, share)
    head = b"\x03\x03" + _stream(f"{seed}/server", 32) + _sized(1, _stream(f"{seed}/id", 32))
    return head + struct.pack(">HB", suite, 0) + _sized(2, extensions)


def _certificate(names: list[str], seed: str) -> bytes:
    """A certificate in form, signed by nobody."""
    algorithm = _der(0x30, bytes.fromhex("06082a8648ce3d040302"))
    subject = _der(0x30, _der(0x31, _der(0x30, b"\x06\x03\x55\x04\x03", _text(names[0]))))
    issuer = _der(0x30, _der(0x31, _der(0x30, b"\x06\x03\x55\x04\x03", _text("Test Authority"))))
    validity = _der(0x30, _der(0x17, b"260101000000Z"), _der(0x17, b"270101000000Z"))
    key = _der(
        0x30,
        _der(0x30, bytes.fromhex("06072a8648ce3d020106082a8648ce3d030107")),
        _der(0x03, b"\0\x04" + _stream(f"{seed}/key", 64)),
    )
    alternatives = _der(0x30, *(_der(0x82, name.encode()) for name in names))
    extension = _der(0x30, b"\x06\x03\x55\x1d\x11", _der(0x04, alternatives))
    body = _der(
        0x30,
        b"\xa0\x03\x02\x01\x02",
        _der(0x02, b"\1"),
        algorithm,
        issuer,
        validity,
        subject,
        key,
        _der(0xA3, _der(0x30, extension)),
    )
    return _der(0x30, body, algorithm, _der(0x03, b"\0" + _stream(f"{seed}/signature", 70)))


def _text(name: str) -> bytes:
    return _der(0x0C, name.encode())


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    return bytes([tag, 0x82]) + struct.pack(">H", len(body)) + body


def _record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    return struct.pack(">BHH", kind, version, len(body)) + body


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _sized(3, body)


def _extension(kind: int, body: bytes) -> bytes:
    return struct.pack(">H", kind) + _sized(2, body)


def _sized(width: int, body: bytes) -> bytes:
    return len(body).to_bytes(width, "big") + body


def _stream(label: str, size: int) -> bytes:
    """Bytes that look random and are the same for the same label."""
    stream = b""
    while len(stream) < size:
        stream += hashlib.sha256(f"{label}/{len(stream)}".encode()).digest()
    return stream[:size]


def _keepalive(data: bytes) -> bytes:
    """The one-byte probe Windows sends: garbage one before the next sequence number."""
    frame = Ether(data)
    tcp = frame[TCP]
    length = len(tcp.payload)
    tcp.remove_payload()
    tcp.seq = (tcp.seq + length - 1) % 2**32
    for layer, name in ((IP, "len"), (IP, "chksum"), (TCP, "chksum")):
        if frame.haslayer(layer):
            delattr(frame[layer], name)
    return bytes(frame / Raw(b"\0"))


def _http(head: str, body: str) -> bytes:
    lines = [line for line in head.strip().splitlines() if line.strip()]
    if body or lines[0].startswith("POST"):
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(line.strip() for line in lines) + "\r\n\r\n" + body).encode()


def _fill(text: str, seed: str) -> str:
    """Replace {hex:N:label} by N hex digits that stand for that label in this flow."""

    def digits(match: re.Match[str]) -> str:
        stream = b""
        counter = 0
        while 2 * len(stream) < int(match[1]):
            stream += hashlib.sha256(f"{seed}/{match[2]}/{counter}".encode()).digest()
            counter += 1
        return stream.hex()[: int(match[1])]

    return _PLACEHOLDER.sub(digits, text)


def _respelled(text: str, spelling: str) -> str:
    """The same JSON written another way."""
    if not spelling:
        return text
    value = json.loads(text)
    if spelling == "spaced":
        return json.dumps(value, separators=(" , ", " : "))
    if spelling == "reversed":
        return json.dumps(dict(reversed(value.items())), separators=(",", ":"))
    if spelling == "escaped" and isinstance(value.get("method"), str):
        method = "".join(f"\\u{ord(letter):04x}" for letter in value["method"])
        plain = json.dumps(value, separators=(",", ":"))
        return plain.replace(json.dumps(value["method"]), f'"{method}"', 1)
    if spelling == "shouted" and isinstance(value.get("method"), str):
        value["method"] = value["method"].upper()
    return json.dumps(value, separators=(",", ":"))


def _endpoint(text: str) -> tuple[str, int]:
    address, _, port = text.rpartition(":")
    return address.strip("[]"), int(port)


def _split(seconds: float) -> tuple[int, int]:
    micros = round(seconds * 1_000_000)
    return micros // 1_000_000, micros % 1_000_000


if __name__ == "__main__":
    main(sys.argv[1:])
