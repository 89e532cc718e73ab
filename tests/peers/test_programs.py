"""The peers' own machinery."""

from pathlib import Path
import socket

import pytest

from . import programs
from .programs import await_start, eventually, free_ports, free_udp_range, need, render, running


def test_a_program_that_is_there_is_found() -> None:
    assert need("sh").name == "sh"


@pytest.mark.parametrize(
    ("promised", "outcome"),
    [("", pytest.skip.Exception), ("true", pytest.fail.Exception)],
    ids=["at home", "in CI"],
)
def test_a_missing_program_skips_the_test_but_fails_it_where_it_is_promised(
    monkeypatch: pytest.MonkeyPatch, promised: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", promised)
    with pytest.raises(outcome, match="needs no-such-phone: script/setup --peers"):
        need("no-such-phone")


@pytest.mark.usefixtures("socket_enabled")
def test_free_ports_are_different_and_can_be_had() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass


@pytest.mark.usefixtures("socket_enabled")
def test_a_range_with_a_taken_port_is_passed_over() -> None:
    first = free_udp_range(4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", first + 3))
        other = free_udp_range(4)
    assert first % 2 == other % 2 == 0
    assert abs(other - first) >= 4


def test_a_template_is_filled_in(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("bind=@HOST@:@PORT@ ; @HOST@")
    render(tmp_path / "a", tmp_path / "b", {"HOST": "127.0.0.1", "PORT": 5060})
    assert (tmp_path / "b").read_text() == "bind=127.0.0.1:5060 ; 127.0.0.1"


def test_a_program_is_asked_to_stop(tmp_path: Path) -> None:
    with running(
        ["sh", "-c", "trap 'echo bye; exit' TERM; echo up; while :; do sleep 0.02; done"], tmp_path / "log"
    ) as it:
        await_start(it, lambda: "up" in (tmp_path / "log").read_text())
    assert it.returncode == 0
    assert (tmp_path / "log").read_text() == "up\nbye\n"


def test_a_program_that_will_not_stop_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "STOP_SECONDS", 0.1)
    with running(["sh", "-c", "trap '' TERM; echo up; sleep 60 & wait; sleep 60"], tmp_path / "log") as it:
        await_start(it, lambda: "up" in (tmp_path / "log").read_text())
    assert it.returncode == -9


def test_a_program_that_ends_at_once_did_not_start(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match="did not start"), running(["false"], tmp_path / "log") as it:
        await_start(it, lambda: False)


async def test_what_never_happens_is_not_waited_for_for_ever() -> None:
    with pytest.raises(TimeoutError):
        await eventually(lambda: False, seconds=0.01)
