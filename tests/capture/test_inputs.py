"""From what the user names to the captures that are there."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from poolwatch.capture.inputs import Input, find_inputs


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory, so that paths stay short and relative."""
    monkeypatch.chdir(tmp_path)


def touch(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(*names: str) -> list[tuple[str, str]]:
    return [(item.path, item.skipped) for item in find_inputs(list(names))]


pytestmark = pytest.mark.usefixtures("_here")


def test_folders_are_walked_in_path_order() -> None:
    touch("d/b.pcap", "d/a/2", "d/a/10", "d/a/z/1", "d/a-b", "d/Z", "d/.hidden", "d/c")
    assert [path for path, _ in found("d")] == [
        "d/.hidden",
        "d/Z",
        "d/a/10",
        "d/a/2",
        "d/a/z/1",
        "d/a-b",
        "d/b.pcap",
        "d/c",
    ]


def test_inputs_keep_the_order_in_which_they_were_named() -> None:
    touch("d/1", "z", "a")
    assert [path for path, _ in found("z", "d", "a", "z")] == ["z", "d/1", "a", "z"]


def test_what_is_not_there_is_left_to_whoever_opens_it() -> None:
    assert found("missing") == [("missing", "")]


def test_standard_input_is_no_path() -> None:
    Path("-").mkdir()
    touch("-/inside")
    assert list(find_inputs(["-"])) == [Input("-")]


def test_an_empty_folder_gives_nothing() -> None:
    Path("d").mkdir()
    assert found("d") == []


def test_links_to_folders_are_not_followed() -> None:
    touch("d/a", "elsewhere/b")
    Path("d/link").symlink_to(Path("elsewhere").resolve())
    Path("d/self").symlink_to(Path("d").resolve())
    Path("d/up").symlink_to("..")
    assert found("d") == [("d/a", "")]


def test_a_named_link_to_a_folder_is_walked() -> None:
    touch("d/a")
    Path("link").symlink_to("d")
    assert found("link") == [("link/a", "")]


def test_links_to_files_are_read() -> None:
    touch("d/a")
    Path("d/b").symlink_to("a")
    assert found("d") == [("d/a", ""), ("d/b", "")]


def test_links_that_lead_nowhere_are_named() -> None:
    Path("d").mkdir()
    Path("d/dangling").symlink_to("missing")
    Path("d/round1").symlink_to("round2")
    Path("d/round2").symlink_to("round1")
    assert found("d") == [("d/dangling", ""), ("d/round1", ""), ("d/round2", "")]


def test_a_pipe_in_a_folder_is_skipped_a_named_one_is_read() -> None:
    touch("d/a", "d/c")
    os.mkfifo("d/b")
    Path("d/link").symlink_to("b")
    assert found("d") == [("d/a", ""), ("d/b", "fifo"), ("d/c", ""), ("d/link", "fifo")]
    assert found("d/b") == [("d/b", "")]


def test_sockets_and_devices_in_a_folder_are_skipped() -> None:
    Path("d").mkdir()
    Path("d/null").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("d/socket")
        assert found("d") == [("d/null", "device"), ("d/socket", "socket")]


def test_a_folder_that_cannot_be_listed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    touch("d/a", "d/locked/b", "d/z")
    listing = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert found("d") == [("d/a", ""), ("d/locked", "folder_unreadable"), ("d/z", "")]


def test_a_walk_begins_before_it_ends() -> None:
    touch(*(f"d/{number}" for number in range(3)))
    walk = find_inputs(["d"])
    assert next(walk) == Input("d/0")
