"""Asset registers as people keep them, and MAC addresses as they write them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwatch.errors import UnitsError
from poolwatch.inventory.macs import is_local, mac_text, read_mac, split_macs
from poolwatch.inventory.notes import CellError, NoteKind, Reason
from poolwatch.inventory.register import load_register
from poolwatch.settings import Limits
from tests.inventory.building import workbook

MAC = 0x001A2B3C4D5E
ENGLISH = "MAC address,Host name,Asset number,Owner,Room\n00:1a:2b:3c:4d:5e,pc-7,A-1,Zhao,301\n"
CHINESE = (
    "固定资产登记表,,,,\n物理地址,计算机名,资产编号,使用人,存放地点\n"
    "001A-2B3C-4D5E,pc-7,A-1,赵六,301\n"
)


@pytest.mark.parametrize(
    "text",
    [
        "00:1a:2b:3c:4d:5e",
        "00-1A-2B-3C-4D-5E",
        "001a.2b3c.4d5e",
        "001A-2B3C-4D5E",
        "001a2b3c4d5e",
        "001a2b-3c4d5e",
        "0:1a:2b:3c:4d:5e",
        "００：１Ａ：２Ｂ：３Ｃ：４Ｄ：５Ｅ",
        " 00 1a 2b 3c 4d 5e ",
        "00–1A–2B–3C–4D–5E",
    ],
)
def test_every_spelling_is_one_address(text: str) -> None:
    assert read_mac(text) == MAC
    assert [read_mac(piece) for piece in split_macs(text)] == [MAC]


@pytest.mark.parametrize(
    "text",
    ["", "00:1a:2b:3c:4d", "00:1a:2b:3c:4d:5e:6f", "00:1a-2b:3c:4d:5e", "zz:1a:2b:3c:4d:5e",
     "000000000000", "ff:ff:ff:ff:ff:ff", "10.1.2.3"],
)  # fmt: skip
def test_what_is_no_mac_address(text: str) -> None:
    with pytest.raises(CellError) as error:
        read_mac(text)
    assert error.value.reason is Reason.BAD_MAC


@given(st.integers(1, (1 << 48) - 2))
def test_what_is_written_reads_back(mac: int) -> None:
    assert read_mac(mac_text(mac)) == mac
    assert is_local(mac) == bool(int(mac_text(mac)[:2], 16) & 2)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for piece in split_macs(text):
        with suppress(CellError):
            assert 0 < read_mac(piece) < (1 << 48) - 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_headers_in_both_languages_and_any_encoding(
    text: str, encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(text.encode(encoding))
    register = load_register((path,))
    [row] = register.find(MAC)
    assert (row.host_name, row.asset, row.room) == ("pc-7", "A-1", "301")
    assert row.place == f"r.csv:{len(text.splitlines())}"
    assert register.unreadable == []


def test_a_workbook_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    rows = [line.split(",") for line in CHINESE.splitlines()]
    path.write_bytes(workbook(rows))
    assert load_register((path,)).find(MAC)[0].owner == "赵六"


def test_several_addresses_in_a_cell_and_a_second_row(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(
        "mac;host name;owner\n00:1a:2b:3c:4d:5e, 00:1a:2b:3c:4d:5f;pc-7;\n001a2b3c4d5e;pc-8;-\n",
        "utf-8",
    )
    register = load_register((path,))
    assert [row.host_name for row in register.find(MAC)] == ["pc-7", "pc-8"]
    assert [row.host_name for row in register.find(MAC + 1)] == ["pc-7"]
    assert register.find(MAC)[1].owner is None


def test_rows_that_cannot_be_read_are_named_and_the_rest_used(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("mac,name\nnonsense,a\n,b\n00:1a:2b:3c:4d:5e,c\n", "utf-8")
    register = load_register((path,))
    assert [(note.row, note.reason) for note in register.unreadable] == [
        (2, Reason.BAD_MAC),
        (3, Reason.NO_MAC),
    ]
    assert [row.host_name for row in register.find(MAC)] == ["c"]
    assert register.counts() == {
        "register_rows": 3,
        "register_rows_unreadable": 2,
        "register_rows_left_out": 0,
    }


def test_rows_beyond_the_bound_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("mac\n" + "".join(f"00:1a:2b:00:00:{n:02x}\n" for n in range(1, 9)), "utf-8")
    register = load_register((path,), Limits(register_rows=5))
    assert register.counts()["register_rows_left_out"] == 3
    [note] = register.unreadable
    assert (note.kind, note.fields["count"]) == (NoteKind.LEFT_OUT, 3)


@pytest.mark.parametrize("text", ["", "colour,shape\nred,round\n"])
def test_what_is_no_register_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(UnitsError) as error:
        load_register((path,))
    assert "r.csv" in str(error.value)
