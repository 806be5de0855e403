"""Every structured dtype, and every code the kernels and Python share, declared once.

A column is one line here; kernels, tests and outputs take it from here.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

import numpy as np

# One captured packet of a batch: where its bytes stand in the buffer.
PACKET = np.dtype(
    [
        ("ts_ns", "i8"),
        ("offset", "u4"),  # into the batch buffer
        ("caplen", "u4"),  # bytes captured
        ("wirelen", "u4"),  # bytes on the wire
        ("link", "u2"),  # Link
        ("interface", "u2"),
    ]
)

# What is counted of a ring of the kernel's, and where the walk through its block stands (one row).
RING = np.dtype(
    [
        ("packets", "i8"),
        ("bytes", "i8"),  # on the wire
        ("cut", "i8"),  # packets longer than what was kept
        ("outgoing", "i8"),  # packets this host sent
        ("untimed", "i8"),  # packets without the hardware time that was asked for
        ("damaged", "i8"),  # blocks that are not what the kernel writes
        ("last_ns", "i8"),  # time of the newest packet
        ("position", "i8"),  # of the next frame in the block, 0: the block is not begun
        ("left", "i8"),  # frames still to come in it
        ("link", "u2"),  # Link
        ("interface", "u2"),
        ("skip_outgoing", "u2"),  # 1: leave out what this host sends
        ("hardware", "u2"),  # 1: hardware time was asked for
    ]
)

# A packet seen, so that its double is known, and what was seen of such (one row).
SIGHT = np.dtype([("hash", "u8"), ("ts_ns", "i8")])
SIGHTS = np.dtype(
    [
        ("seed", "u8"),
        ("window_ns", "i8"),
        ("looked_at", "i8"),  # packets whose double would be known
        ("duplicates", "i8"),
        ("forgotten", "i8"),  # overwritten before their time was over
    ]
)

# An entry of a log, later a record: an address was a machine's or an account's. Addresses are
# codes of `logs/tables.py`, 0 for none.
LOG_BINDING = np.dtype(
    [
        ("from_ns", "i8"),
        ("until_ns", "i8"),
        ("mac", "u8"),  # 0: none
        ("address", "u4"),
        ("session", "u4"),  # 0: none
        ("text", "u4"),  # host name, account, port of a device
        ("line", "u4"),
        ("file", "u2"),
        ("group", "u2"),  # format and device
        ("kind", "u1"),
        ("act", "u1"),  # LogAct
        ("end", "u1"),  # LogEnd
        ("bits", "u1"),  # LogBit
    ]
)

# The same: ports of an inside address were ports of an outside one.
LOG_TRANSLATION = np.dtype(
    [
        ("from_ns", "i8"),
        ("until_ns", "i8"),
        ("inside", "u4"),
        ("outside", "u4"),
        ("remote", "u4"),
        ("session", "u4"),
        ("line", "u4"),
        ("inside_low", "u2"),
        ("inside_high", "u2"),
        ("outside_low", "u2"),
        ("outside_high", "u2"),
        ("remote_port", "u2"),
        ("file", "u2"),
        ("group", "u2"),
        ("protocol", "i2"),  # -1: whatever
        ("act", "u1"),
        ("end", "u1"),
        ("bits", "u1"),
        ("spare", "u1"),
    ]
)

# One step of a template of lines (`logs/template.py`).
LOG_STEP = np.dtype(
    [
        ("most", "u8"),  # greatest number, or longest distance
        ("text", "u4"),  # where its text begins in the pool
        ("size", "u2"),
        ("step", "u1"),  # LogStep
        ("field", "u1"),  # where the value goes
    ]
)

# A line that was scanned: where it stands, and the template it fits (0: none).
LOG_LINE = np.dtype([("begin", "u4"), ("end", "u4"), ("line", "u4"), ("template", "u1")])

# One decoded packet: scratch between the stages of the scan. Ends are ordered (a < b) by
# address, then port, so that both directions of a flow give the same key.
FRAME = np.dtype(
    [
        ("a_hi", "u8"),
        ("a_lo", "u8"),
        ("b_hi", "u8"),
        ("b_lo", "u8"),
        ("hash", "u8"),
        ("tags", "u8"),  # outer tags, see `pack_tags`
        ("ports", "u4"),  # a's port in the high half, b's in the low half
        ("seq", "u4"),
        ("payload", "u4"),  # into the batch buffer
        ("length", "u4"),  # payload bytes captured
        ("wire", "u4"),  # payload bytes on the wire
        ("teid", "u4"),  # only below Carrier.GTP, where `tags` does not hold it
        ("kind", "u1"),  # Kind
        ("side", "u1"),  # 0: sent by a, 1: sent by b
        ("tcp", "u1"),  # TCP flags
        ("reason", "u1"),  # Reason
        ("spare", "u4"),
    ]
)

# One live flow, 64 bytes: one cache line.
FLOW = np.dtype(
    [
        ("a_hi", "u8"),
        ("a_lo", "u8"),
        ("b_hi", "u8"),
        ("b_lo", "u8"),
        ("tags", "u8"),
        ("last_ns", "i8"),
        ("ports", "u4"),
        ("next_a", "u4"),  # first sequence number of a's payload, valid with SYN_A
        ("next_b", "u4"),
        ("flags", "u2"),  # FlowFlag
        ("kind", "u1"),  # Kind, with DEAD set once closed; 0 never used
        ("gate", "u1"),  # Gate
    ]
)

# What is asked of a flow only when it opens or closes, kept apart to keep FLOW at one line.
FLOW_START = np.dtype(
    [
        ("first_ns", "i8"),
        ("first_packet", "i8"),  # from 1
        ("named", "i8"),  # packet of the DNS answer that taught the address, or NAMED; 0: neither
        ("opening_a", "u4"),  # OPENING of each side, by its number; 0: none
        ("opening_b", "u4"),
        ("endpoint", "i4"),  # row of the endpoint list, -1: none
        ("prefix", "i4"),  # row of the prefix list, -1: none
        ("teid_a", "u4"),  # GTP tunnel of a's packets, 0: none seen
        ("teid_b", "u4"),
    ]
)

NAMED = -1
"""In FLOW_START.named: a listed name stood in the flow itself."""

# What the scan hands to Python: a piece of payload of a flow worth reading, or a closing.
SEGMENT = np.dtype(
    [
        ("ts_ns", "i8"),
        ("packet", "i8"),  # from 1
        ("flow", "i4"),
        ("offset", "u4"),  # into the batch buffer
        ("length", "u4"),
        ("wire", "u4"),
        ("seq", "u4"),
        ("frame_offset", "u4"),  # from the start of the captured frame
        ("side", "u1"),
        ("what", "u1"),  # What
        ("bits", "u2"),  # SegmentBit
        ("spare", "u4"),
    ]
)

# The beginning of what one side says, kept apart while it is put together and until it is
# asked for: a ClientHello, a server's first TLS messages, a DNS message over TCP, an HTTP head.
OPENING_PIECES = 4  # packets whose place is remembered
OPENING = np.dtype(
    [
        ("at", "i8"),  # where its bytes stand, counted over all bytes ever written
        ("ts_ns", "i8"),
        ("packets", "i8", (OPENING_PIECES,)),
        ("places", "u4", (OPENING_PIECES,)),  # of the packet's bytes in the opening
        ("frames", "u4", (OPENING_PIECES,)),  # of the same bytes in the captured frame
        ("sizes", "u4", (OPENING_PIECES,)),
        ("seq", "u4"),  # of its first byte
        ("want", "u4"),  # its length
        ("have", "u4"),  # of it, from its beginning without a hole
        ("ahead", "u4"),  # bytes behind a hole: from here ...
        ("ahead_end", "u4"),  # ... to here
        ("pieces", "u1"),
        ("what", "u1"),  # Opening
        ("bits", "u1"),  # OpeningBit
        ("side", "u1"),
    ]
)

# An address a client was told in answer to a lookup of a listed name.
LEARNED = np.dtype(
    [
        ("client_hi", "u8"),
        ("client_lo", "u8"),
        ("server_hi", "u8"),
        ("server_lo", "u8"),
        ("learned_ns", "i8"),
        ("expires_ns", "i8"),
        ("packet", "i8"),  # that taught it
        ("hash", "u8"),
    ]
)

# A hardware address, and the first addresses its frames came from or went to; the upper half of
# an IPv6 address stands for it. A host has one of IPv4 and few of IPv6, a gateway has more.
NEIGHBOUR_PLACES = 3
NEIGHBOUR = np.dtype(
    [
        ("mac", "u8"),  # with bit 48 set; 0: the row is free
        ("places", "u8", (NEIGHBOUR_PLACES,)),
        ("first_ns", "i8", (NEIGHBOUR_PLACES,)),
        ("count", "i8"),
    ]
)

# A host that was asked for names: a resolver.
SERVER = np.dtype([("hi", "u8"), ("lo", "u8"), ("used", "i8")])

# A network of the catalogue's prefix list, from its first address to its last.
PREFIX = np.dtype(
    [
        ("first_hi", "u8"),
        ("first_lo", "u8"),
        ("last_hi", "u8"),
        ("last_lo", "u8"),
        ("row", "i4"),
        ("version", "i4"),
    ]
)

# What is known and kept of names (one row): where its tables stand in memory, and its scalars.
# So it travels through the kernels as one pointer.
NAME_TABLES = (
    "hashes",
    "slots",
    "tails",
    "prefixes",
    "insides",
    "learned",
    "learned_slots",
    "servers",
    "openings",
    "fetches",
    "fetch_hashes",
    "ring",
    "flat",
    "work",
)
NAMES = np.dtype(
    [
        *((f"{table}_at", "u8") for table in NAME_TABLES),
        *((f"{table}_count", "i8") for table in NAME_TABLES),
        ("seed_a", "u8"),
        ("seed_b", "u8"),
        ("most_labels", "i8"),
        ("keep", "i8"),  # 1: a slice that is not the first
        ("learned", "i8"),  # rows ever entered
        ("servers", "i8"),
        ("openings", "i8"),  # ever begun; the number of the last one
        ("bytes", "i8"),  # of openings, ever reserved
        ("learned_forgotten", "i8"),
        ("servers_forgotten", "i8"),
        ("capture", "i8"),  # number of the present capture
        ("fetches", "i8"),  # ever kept
    ]
)

# A packet kept in a ring of recent packets, for flows that turn out to matter.
RECENT = np.dtype(
    [
        ("ts_ns", "i8"),
        ("number", "i8"),  # of the packet, from 1
        ("at", "i8"),  # where its bytes stand, counted over all bytes ever written
        ("previous", "i8"),  # row of the flow record's packet before, counted so too; -1: none
        ("record", "i4"),  # of the flow table
        ("caplen", "u4"),
        ("wirelen", "u4"),
        ("link", "u2"),  # Link
        ("interface", "u2"),
        ("count", "u4"),  # of the flow's packets in the ring, up to this one
        ("spare", "u4"),
    ]
)

# What a ring of recent packets has taken (one row), and where the next bytes go.
RECENT_STATE = np.dtype([("rows", "i8"), ("bytes", "i8"), ("place", "i8")])

# An inside host of which it is kept what else it did: its rings of COMPANION rows. Addresses are
# v4-mapped here.
COMPANION_HOST = np.dtype(
    [
        ("hi", "u8"),
        ("lo", "u8"),
        ("last_ns", "i8"),
        ("rings", "i4", (2,)),  # a row of each ring, -1: none; the one of inbound rows is second
        ("sizes", "i4", (2,)),  # rows in each
        ("left_out", "i8"),  # flows of rows for which there was no room
        ("capture", "i4"),  # number of the capture all its flows are of, -1: several
        ("bits", "u4"),  # HostBit
    ]
)

# A file that an inside host asked for by HTTP, of an outside server named by its bare address.
# Addresses are v4-mapped here.
FETCH_PATH = 200  # bytes kept of its path
FETCH = np.dtype(
    [
        ("client_hi", "u8"),
        ("client_lo", "u8"),
        ("server_hi", "u8"),
        ("server_lo", "u8"),
        ("ts_ns", "i8"),
        ("packet", "i8"),
        ("capture", "i4"),  # its number
        ("port", "u2"),
        ("size", "u2"),  # of the path
        ("path", "u1", (FETCH_PATH,)),
    ]
)

# What a host tried at one port of others, or what one other tried at a port of it.
COMPANION = np.dtype(
    [
        ("peer_hi", "u8"),  # of an inbound row
        ("peer_lo", "u8"),
        ("first_ns", "i8"),
        ("last_ns", "i8"),
        ("first_packet", "i8"),
        ("flows", "i8"),
        ("silent", "i8"),  # of those: nothing came back
        ("reset", "i8"),  # of those: reset before any payload
        ("credit", "i8"),  # of its ring the rows without any give way
        ("host", "i4"),
        ("next", "i4"),  # of its ring
        ("port", "u2"),
        ("bits", "u1"),  # CompanionBit
        ("known", "u1"),  # addresses in PEERS.known, one more: there were others
        ("spare", "u4"),
    ]
)

# The different peers of a row: the first ones by their hashes, all by a bit for each hash.
PEERS_KNOWN = 16
PEERS = np.dtype([("known", "u8", (PEERS_KNOWN,)), ("bits", "u8", (16,))])

# The scalars of the two tables of companions (one row).
COMPANIONS = np.dtype(
    [
        ("seed_a", "u8"),
        ("seed_b", "u8"),
        ("hosts", "i8"),  # in use
        ("rows", "i8"),
        ("host_rows", "i8"),  # bound of each ring
        ("capture", "i8"),  # number of the present capture
        ("left_out", "i8"),  # flows of rows for which there was no room
        ("hosts_left_out", "i8"),
    ]
)

# A flow of an inside host, summed up once it went quiet: no payload, nothing of it.
SUMMARY = np.dtype(
    [
        ("first_ns", "i8"),
        ("last_ns", "i8"),
        ("peer_hi", "u8"),
        ("peer_lo", "u8"),
        ("tags", "u8"),
        ("port", "u2"),  # the host's
        ("peer_port", "u2"),
        ("flags", "u2"),  # FlowFlag of the record
        ("kind", "u1"),  # Kind
        ("side", "u1"),  # which end of the record the host is
    ]
)

# An interface of a pcapng section, as the walker needs it.
INTERFACE = np.dtype(
    [
        ("link", "u2"),  # Link
        ("spare", "u2"),
        ("snaplen", "u4"),
        ("power", "i4"),  # timestamp unit: 10**-power s, or 2**-power s with `binary`
        ("binary", "i4"),
        ("offset_ns", "i8"),
    ]
)

# One address:port of the catalogue's endpoint list, and its place in the list.
ENDPOINT = np.dtype([("hi", "u8"), ("lo", "u8"), ("port", "i4"), ("row", "i4")])

# A stretch of the address space over which the same rows of a unit table hold, up to the next
# stretch: `count` CANDIDATE rows from `first` on, the one preferred first. IPv4 is v4-mapped.
INTERVAL = np.dtype([("hi", "u8"), ("lo", "u8"), ("first", "i4"), ("count", "i4")])

# A row of a unit table, and from when on and until when (not included) it holds.
CANDIDATE = np.dtype([("from_ns", "i8"), ("to_ns", "i8"), ("row", "i4"), ("spare", "i4")])

# An address at a time, to be looked up.
ADDRESS = np.dtype([("hi", "u8"), ("lo", "u8"), ("ts_ns", "i8")])

# The scalars of a flow table (one row): kernels read and write them in place.
TABLE = np.dtype(
    [
        ("seed_a", "u8"),
        ("seed_b", "u8"),
        ("seed_c", "u8"),
        ("seed_d", "u8"),
        ("idle_ns", "i8"),
        ("back_ns", "i8"),  # a packet so much before its flow's newest one: the clock was set back
        ("long_ns", "i8"),  # from when on an encrypted flow counts as long-lived
        ("used", "i8"),  # records ever used
        ("live", "i8"),  # records in use
        ("free_head", "i8"),
        ("free_tail", "i8"),
        ("packets", "i8"),  # packets numbered so far
        ("now_ns", "i8"),  # newest timestamp seen
        ("segments", "i8"),  # rows written by the last call
        ("endpoint_ports", "u8"),  # bit N: a listed port is N modulo 64
        ("keep", "i8"),  # 1: a slice that is not the first; keep what it inherits
        ("told_second", "i8"),  # of the capture's clock, in which ...
        ("told", "i8"),  # ... so many announcements were handed out
    ]
)


class Reason(IntEnum):
    """Why a packet was not understood; 0: it was."""

    UNDERSTOOD = 0
    LINK_TYPE_UNKNOWN = 1
    FRAME_CUT = 2  # headers end beyond what was captured
    NOT_IP = 3  # ARP, STP, LLDP, PPP control ...
    VLAN_DEPTH = 4
    IP_MALFORMED = 5
    IP_FRAGMENT = 6  # later fragments; the first one is used
    IPV6_EXTENSIONS = 7  # more extension headers than the bound
    IP_PROTOCOL = 8  # neither TCP nor UDP, nor a carrier that is read
    TCP_MALFORMED = 9
    UDP_MALFORMED = 10
    CARRIER_MALFORMED = 11  # a tunnel header that says what cannot be
    CARRIER_DEPTH = 12  # more carriers around a packet, or more labels, than the bound


REASONS = tuple(reason.name.lower() for reason in Reason)

# What the scan counts (one row). Reasons for not understanding stand in `reasons`.
COUNTERS = np.dtype(
    [
        ("packets", "i8"),
        ("bytes", "i8"),
        ("captured_bytes", "i8"),
        ("truncated", "i8"),
        ("no_timestamp", "i8"),
        ("flows", "i8"),
        ("expired", "i8"),
        ("evicted", "i8"),
        ("one_way", "i8"),
        ("encrypted_long", "i8"),
        ("encrypted", "i8"),
        ("listed", "i8"),
        ("probes", "i8"),
        ("neighbours_left_out", "i8"),  # hardware addresses without a row
        ("announcements_left_out", "i8"),
        ("reasons", "i8", (len(REASONS),)),
    ]
)


class Link(IntEnum):
    """Link layers the decoder knows; 0 is every other."""

    UNKNOWN = 0
    ETHERNET = 1
    LINUX_SLL = 2
    LINUX_SLL2 = 3
    RAW_IP = 4
    NULL = 5  # 4-byte family in the capturing host's byte order
    LOOP = 6  # 4-byte family in network order
    PPP = 7  # with or without address and control bytes; Cisco HDLC too
    PPPOE = 8  # a PPPoE header


class Carrier(IntEnum):
    """What a packet travelled in: the tunnels that are part of a flow's identity.

    MPLS and PPPoE are not among them: each direction has its own labels and may well go
    without. Their packets are as if they came plain.
    """

    NONE = 0
    VXLAN = 1  # id: VNI
    GENEVE = 2  # id: VNI
    GTP = 3  # id: number of the flow among those with the same ends; see FLOW_START.teid_a
    GRE = 4  # id: the key, 0 without
    ERSPAN = 5  # id: session, 0 for type I
    PPTP = 6
    IP_IN_IP = 7  # IPv4 in IPv4 or IPv6
    IPV6_IN_IP = 8  # 6in4, 6to4, ISATAP; IPv6 in IPv6
    TEREDO = 9

    @property
    def word(self) -> str:
        """The name as it stands in event lines."""
        return self.name.lower().replace("_", "-")


VLAN_BITS = 12  # of each of two VLAN ids: the first tag met above the second
CARRIER_SHIFT = 24
TUNNEL_SHIFT = 32


def pack_tags(vlans: tuple[int, ...] = (), carrier: Carrier = Carrier.NONE, tunnel: int = 0) -> int:
    """Outer tags as one number: tunnel id (32 bits), carrier (8), two VLAN ids (12 each)."""
    number = tunnel << TUNNEL_SHIFT | carrier << CARRIER_SHIFT
    for place, vlan in enumerate(reversed(vlans[:2])):
        number |= vlan << VLAN_BITS * place
    return number


def vlans_of(tags: int) -> list[int]:
    """The VLAN ids in outer tags, outermost first; id 0 is only a priority."""
    both = (tags >> VLAN_BITS & 0xFFF, tags & 0xFFF)
    return [vlan for vlan in both if vlan]


def tunnel_of(tags: int) -> tuple[Carrier, int]:
    """The carrier in outer tags, and its tunnel's id."""
    return Carrier(tags >> CARRIER_SHIFT & 0xFF), tags >> TUNNEL_SHIFT


class Kind(IntEnum):
    """Transport and IP version of a flow."""

    TCP4 = 1
    UDP4 = 2
    TCP6 = 3
    UDP6 = 4


DEAD = 0x80  # in FLOW.kind: closed; the record may be reused after the batch


class FlowFlag(IntFlag):
    """State of a flow; _A and _B are the ends of its key."""

    SYN_A = 1
    SYN_B = 2
    FIN_A = 4
    FIN_B = 8
    RST = 16
    DATA_A = 32
    DATA_B = 64
    SEEN_A = 128
    SEEN_B = 256
    FIRST_B = 512  # b opened, as far as seen: the first packet was its, or answered its SYN
    CANDIDATE = 1024  # its payload goes to the dialects
    DISMISSED = 2048  # read, and nothing of mining in it; or shed
    LISTED = 4096  # one end stands in the endpoint list
    INHERITED = 8192  # in a slice: began before it, as far as can be told
    LATER = 16384  # in a slice: not the first flow of its key
    MINING = 32768  # something of mining was recognised in it


class Gate(IntFlag):
    """What the first bytes of a flow's payloads were."""

    HTTP = 1
    TLS = 2
    HEAD_A = 4  # an HTTP head was complete, its body or first frame is awaited; or a key
    HEAD_B = 8
    OPENING_A = 16  # an opening of a is being put together
    OPENING_B = 32


class What(IntEnum):
    """What a SEGMENT row is."""

    DATA = 0  # payload of a candidate
    HEAD = 1  # an HTTP head or a key, kept until what follows shows
    KEPT = 2  # payload a slice inherited, kept until the slices are merged
    CLOSE = 3  # the flow closed; its record stays readable until the next call
    DNS = 4  # a DNS message with a listed name
    HOST = 5  # an HTTP request head with a listed name, or of a learned address
    OPENING = 6  # the side's opening is complete, and has or needs a name
    TOLD = 7  # a host says who it is; `bits` is a Told, an ARP packet is of no flow


class HostBit(IntFlag):
    """Beside a COMPANION_HOST row."""

    SPOKE = 1  # a packet of it was seen
    HEARD = 2  # a packet to it was seen


class CompanionBit(IntFlag):
    """Beside a COMPANION row."""

    INBOUND = 1  # the other opened
    INSIDE = 2  # the others are inside too
    UDP = 4


class Told(IntEnum):
    """In what a host says who it is."""

    ARP = 1
    DHCP = 2
    NBNS = 3
    MDNS = 4


class Opening(IntEnum):
    """What an OPENING row holds."""

    HELLO = 1  # a ClientHello, with its record header
    FLIGHT = 2  # the server's first TLS records, up to its certificate
    DNS = 3  # a DNS message over TCP, with its length
    HOST = 4  # an HTTP request head


class OpeningBit(IntFlag):
    """Beside an OPENING row."""

    SNI = 1  # the hello names a server
    CUT = 2  # the snap length cut it
    HELD = 4  # kept by a slice, which cannot know whether it matters


class SegmentBit(IntFlag):
    """Beside a SEGMENT row."""

    OPEN = 1  # this row made the flow a candidate
    START_A = 2  # FLOW.next_a is where a's payload starts, and none was seen before
    START_B = 4
    UNSURE = 8  # on CLOSE, in a slice: whether this SYN closes depends on what came before


class LogAct(IntEnum):
    """What an entry of a log does."""

    DEAD = 0  # part of another by now
    SPAN = 1  # says both ends
    GRANT = 2  # gives until a time, unless renewed, taken back, or given to another
    BEGIN = 3
    ALIVE = 4  # still there; of a lease: taken back, but it is not said when
    END = 5
    SEEN = 6  # stood in a table at a moment
    RESET = 7  # a device forgot all its sessions


class LogStep(IntEnum):
    """What a step of a template takes."""

    LITERAL = 0  # its text
    OPTIONAL = 1  # its text, if it is there
    BLANKS = 2  # one or more
    FIND = 3  # up to and with its text, at most so far away
    PLAIN = 4  # the same, over letters, digits, blanks, and _ [ ] = only
    UNTIL = 5  # up to its first byte, which stays
    EDGE = 6  # the end of the line or its first byte, which stays
    ABSENT = 7  # its text does not follow
    IPV4 = 8
    MAC = 9  # six pairs of digits between colons
    NUMBER = 10
    EPOCH = 11  # seconds and a fraction, in ns
    CHOICE = 12  # one of several words: length, value, bytes
    NAME = 13  # letters, digits and . _ - ; where it begins, and how long it is
    TEXT = 14  # up to its first byte: where it begins, and how long it is
    PRIORITY = 15  # of syslog, if it is there
    DATE = 16  # Sep 06 2021 10:00:00, or without the year: the hour, and ns within it
    WORD = 17  # anything but blanks and colons


class LogEnd(IntEnum):
    """How the end of a row is known, in the order of `records.End`."""

    SAID = 0
    EXPIRY = 1
    NEXT = 2
    ASSUMED = 3


class LogBit(IntFlag):
    """Beside a row of a log."""

    NO_START = 1  # the log does not say when it began
    WHOLE_SECOND = 2  # its end is a second, not a moment
