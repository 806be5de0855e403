"""What a report shows of itself, and its pictures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from poolwatch import Report
from poolwatch.report import Rows
from tests.report.events import changed, event_of, office_events, report_of

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")


@pytest.fixture(autouse=True)
def _no_window() -> Iterator[None]:
    matplotlib.use("agg")
    from matplotlib import pyplot

    yield
    pyplot.close("all")


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def test_it_says_who_and_what_was_read() -> None:
    report = report_of(*office_events())
    page = report._repr_html_()
    assert "8 finding(s) (5 confirmed, 1 probable, 2 noted)" in page
    assert "<td>10.30.1.21</td>" in page
    assert "Read: 1 file(s), 371 packets" in page
    assert repr(report).startswith("<Report: a stream: 8 finding(s)")


def test_it_speaks_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "8 个发现" in report_of(*office_events())._repr_html_()


def test_nothing_found_is_never_said_without_stats() -> None:
    assert "Nothing that mines" in report_of()._repr_html_()
    assert "Nothing that mines" not in Report("x", Rows(9))._repr_html_()
    assert "not whole" in Report("x", Rows(9))._repr_html_()


def test_no_wallet_and_no_login_is_shown() -> None:
    events = office_events()
    page = report_of(*events)._repr_html_()
    for event in events:
        if event["event_type"] == "finding":
            assert not any(secret in page for secret in event["wallets"])


def test_text_from_the_wire_is_escaped() -> None:
    bad = '<script>alert("x")</script>\u202e&'
    event = changed(event_of("finding"), host=bad, pools=[bad], role=bad)
    page = report_of(event)._repr_html_()
    assert "<script" not in page
    assert "\u202e" not in page
    assert page.count("&lt;script&gt;") == 3


def test_many_findings_are_not_all_shown() -> None:
    events = [changed(event_of("finding"), host=f"10.0.0.{n}") for n in range(30)]
    page = report_of(*events)._repr_html_()
    assert page.count("<tr>") == 21
    assert "and 10 more" in page


def test_the_timeline_has_a_line_for_each_host() -> None:
    ax = report_of(*office_events()).plot.timeline()
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0] == "10.30.1.21"
    assert len(labels) == 8
    ax.figure.canvas.draw()


def test_a_picture_is_drawn_where_it_is_wanted() -> None:
    from matplotlib import pyplot

    _, ax = pyplot.subplots()
    report = report_of(*office_events())
    assert report.plot.timeline(ax=ax) is ax


@pytest.mark.parametrize("host", ["$x^{$", "$\\frac{$", "a\nb\x1b", "主机", "x" * 10_000])
@pytest.mark.filterwarnings("ignore:Glyph")  # the font has no Chinese
def test_names_from_the_wire_are_drawn_as_they_stand(host: str) -> None:
    flow = changed(event_of("mining"), src_ip=host)
    finding = changed(event_of("finding"), host=host, hashrate={"estimate": 1.5})
    report = report_of(flow, finding)
    for ax in (report.plot.timeline(), report.plot.hashrate()):
        ax.figure.canvas.draw()
        [label] = ax.get_yticklabels()
        assert len(label.get_text()) < 60


@pytest.mark.parametrize("year", ["0001", "1899", "1970", "2199", "9999"])
def test_times_no_axis_can_hold(year: str) -> None:
    flow = changed(event_of("mining"), mining__first_seen=f"{year}-06-01T00:00:00+0000")
    report_of(flow, event_of("finding")).plot.timeline().figure.canvas.draw()


def test_pictures_of_nothing_say_so() -> None:
    for report in (report_of(), report_of(*office_events())):
        ax = report.plot.hashrate()
        assert [text.get_text() for text in ax.texts] == ["no hashrate is known in this report"]
    ax = report_of().plot.timeline()
    assert [text.get_text() for text in ax.texts] == ["no conversations with a time"]


def test_hashrates_are_drawn_with_their_bounds() -> None:
    known = {"low": 1e6, "estimate": 2e6, "high": 4e6, "unit": "H/s", "basis": "shares"}
    event = changed(event_of("finding"), hashrate=known)
    half = changed(event_of("finding"), host="10.0.0.2", hashrate={"estimate": 5e5})
    report = report_of(event, half, *office_events())
    ax = report.plot.hashrate()
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["10.30.1.21", "10.0.0.2"]
    assert report.findings["hashrate_high"][0] == 4e6
