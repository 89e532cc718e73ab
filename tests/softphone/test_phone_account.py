"""A phone whose account changes while it is in use, over real connections."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from custom_components.ringcentral.softphone.account import Account, Proxy, Transport
from custom_components.ringcentral.softphone.connection import connect
from custom_components.ringcentral.softphone.events import (
    CallEnded,
    CallState,
    Cause,
    EndReason,
    LineLost,
    Registered,
    RegistrationRefused,
    Unregistered,
)
from tests.softphone.builders import ACCOUNT, invite, request, response
from tests.softphone.household import PATIENCE, Household, Server


@pytest.fixture
async def second(socket_enabled: None) -> AsyncIterator[Server]:
    server = Server()
    await server.open()
    yield server
    await server.close()


def account(*servers: Server, **changes: Any) -> Account:
    """Return the account with a new password, at these servers."""
    proxies = tuple(Proxy("127.0.0.1", server.port) for server in servers)
    return replace(ACCOUNT, **{"proxies": proxies, "password": "new", **changes})


async def test_an_account_that_is_the_same_changes_nothing(home: Household) -> None:
    await home.server.expect("REGISTER")
    home.phone.change_account(account(home.server, password=ACCOUNT.password))
    home.server.send(request("OPTIONS"))
    await home.server.expect("SIP/2.0 200")
    assert home.server.told.empty()
    assert [type(event) for event in home.log] == [Registered]


async def test_at_the_same_server_it_registers_over_the_same_connection(home: Household) -> None:
    call, tag = await home.talk()
    home.phone.change_account(account(home.server, username="620"))
    await home.next(Registered)

    assert home.phone.registered
    assert len(home.server.writers) == 1
    assert [other.state for other in home.phone.calls] == [CallState.TALKING]
    home.server.send(request("BYE", to_tag=tag, cseq=31269))
    ended = await home.next(CallEnded)
    assert (ended.call.call_id, ended.reason) == (call.call_id, EndReason.REMOTE_HANGUP)
    assert not any(isinstance(event, LineLost) for event in home.log)


async def test_it_goes_to_another_server_at_once_when_no_call_is_up(home: Household, second: Server) -> None:
    home.phone.change_account(account(second))
    lost = await home.next(LineLost)
    assert (lost.cause, lost.retry_after, lost.proxy) == (Cause.NEW_SERVERS, 0.0, home.proxy)
    assert (await home.next(Registered)).proxy == Proxy("127.0.0.1", second.port)

    assert (await home.server.expect("REGISTER")).get("Expires") == "600"
    assert (await home.server.expect("REGISTER")).get("Expires") == "0"
    await second.expect("REGISTER")
    assert [type(event) for event in home.log] == [Registered, Unregistered, LineLost, Registered]


async def test_it_stays_for_the_calls_there_are_and_goes_then(home: Household, second: Server) -> None:
    _, tag = await home.talk()
    home.phone.change_account(account(second))
    home.phone.change_account(account(second, password="newer"))
    ringing = await home.ring(invite(call_id="second", branch="z9hG4bKsecond"))
    home.server.send(request("BYE", to_tag=tag, cseq=31269))
    await home.next(CallEnded)
    assert second.writers == []
    home.phone.hang_up(ringing.call_id)

    assert (await home.next(LineLost)).cause is Cause.NEW_SERVERS
    assert (await home.next(Registered)).proxy == Proxy("127.0.0.1", second.port)


async def test_nobody_is_rung_while_it_leaves(home: Household, second: Server) -> None:
    home.server.registering = False
    home.phone.change_account(account(second))
    home.server.send(invite())
    await home.server.expect("SIP/2.0 480")
    home.server.drop()
    assert (await home.next(Registered)).proxy == Proxy("127.0.0.1", second.port)


async def test_a_change_that_is_taken_back_in_time_is_none(home: Household, second: Server) -> None:
    _, tag = await home.talk()
    home.phone.change_account(account(second))
    home.phone.change_account(account(home.server, password=ACCOUNT.password))
    home.server.send(request("BYE", to_tag=tag, cseq=31269))
    await home.next(CallEnded)
    assert second.writers == []
    assert home.phone.registered


async def test_a_call_that_is_up_when_the_connection_goes_comes_along_to_the_new_server(
    home: Household, second: Server
) -> None:
    await home.talk()
    home.phone.change_account(account(second))
    home.server.drop()
    assert (await home.next(LineLost)).retry_after == 0.0
    assert (await home.next(Registered)).proxy == Proxy("127.0.0.1", second.port)
    await second.expect("INVITE")
    assert [call.state for call in home.phone.calls] == [CallState.TALKING]


async def test_a_phone_that_waits_doesnt_wait_with_a_new_account(server: Server, stranger: Household) -> None:
    server.status = 403
    stranger.phone.start()
    assert (await stranger.next(LineLost)).retry_after == 120.0
    server.status = 200
    stranger.phone.change_account(account(server))
    await stranger.next(Registered)
    await stranger.phone.stop()


async def test_new_credentials_are_tried_while_calls_keep_the_connection(
    home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.talk()
    home.server.status = 403
    home.phone.change_account(account(home.server))
    assert (await home.next(RegistrationRefused)).kept
    home.server.status = 200
    home.phone.change_account(account(home.server, password="newer"))
    await home.next(Registered)
    assert len(home.server.writers) == 1


async def test_what_is_changed_on_hearing_of_a_loss_is_tried_at_once(
    server: Server, second: Server, stranger: Household
) -> None:
    server.status = 403
    stranger.react = lambda event: (
        stranger.phone.change_account(account(second)) if isinstance(event, LineLost) else None
    )
    stranger.phone.start()
    assert (await stranger.next(Registered)).proxy == Proxy("127.0.0.1", second.port)


async def test_what_is_changed_while_it_connects_holds_for_that_connection(
    server: Server, second: Server, stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = [account(second), account(second, password="newer")]

    async def slowly(*args: Any) -> Any:
        connection = await connect(*args)
        if changes:
            stranger.phone.change_account(changes.pop(0))
        return connection

    monkeypatch.setattr("custom_components.ringcentral.softphone.phone.connect", slowly)
    stranger.phone.start()
    assert (await stranger.next(LineLost)).cause is Cause.NEW_SERVERS
    assert (await stranger.next(Registered)).proxy == Proxy("127.0.0.1", second.port)
    assert server.told.empty()
    assert len(second.writers) == 1


async def test_a_phone_may_get_another_account_before_it_starts(stranger: Household, second: Server) -> None:
    stranger.phone.change_account(account(second))
    stranger.phone.start()
    assert (await stranger.next(Registered)).proxy == Proxy("127.0.0.1", second.port)


async def test_a_phone_that_stops_while_it_leaves_is_gone(home: Household, second: Server) -> None:
    home.server.registering = False
    home.phone.change_account(account(second))
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        tasks.create_task(home.phone.stop())
        await give_back(home.server)
    assert second.writers == []
    assert isinstance(home.log[-1], Unregistered)


async def give_back(server: Server) -> None:
    """Let the phone go once it has met a challenge."""
    await server.expect("REGISTER")
    asked = await server.expect("REGISTER")
    challenge = ("WWW-Authenticate", 'Digest realm="r", nonce="n"')
    server.send(response(asked, 401, challenge))
    proof = await server.expect("REGISTER")
    assert f'username="{ACCOUNT.authorization_id}"' in proof.get("Authorization")
    assert (asked.get("Expires"), proof.get("Expires")) == ("0", "0")
    server.send(response(proof, 200))


async def test_an_account_that_comes_while_the_phone_stops_is_too_late(home: Household) -> None:
    home.server.registering = False
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        tasks.create_task(home.phone.stop())
        await asyncio.sleep(0)
        home.phone.change_account(account(home.server, username="620", authorization_id="620"))
        await give_back(home.server)
    assert home.server.told.empty()
    assert isinstance(home.log[-1], Unregistered)


async def test_an_account_that_came_while_it_connected_waits_once_it_is_refused(
    server: Server, stranger: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly(*args: Any) -> Any:
        connection = await connect(*args)
        stranger.phone.change_account(account(server))
        return connection

    monkeypatch.setattr("custom_components.ringcentral.softphone.phone.connect", slowly)
    server.status = 403
    stranger.phone.start()
    assert (await stranger.next(LineLost)).retry_after == 120.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await stranger.next(RegistrationRefused)


async def test_an_account_on_tls_needs_to_know_whom_to_believe(home: Household) -> None:
    with pytest.raises(ValueError, match="TLS context"):
        home.phone.change_account(account(home.server, transport=Transport.TLS))


async def test_a_phone_that_waits_may_be_told_to_try_again(server: Server, stranger: Household) -> None:
    server.status = 403
    stranger.react = lambda event: (
        stranger.phone.try_again() if isinstance(event, RegistrationRefused) else None
    )
    stranger.phone.start()
    assert (await stranger.next(LineLost)).retry_after == 120.0
    server.status = 200
    await stranger.next(Registered)


async def test_a_phone_that_is_registered_has_nothing_to_try(home: Household) -> None:
    home.phone.try_again()
    home.server.status = 403
    home.server.drop()
    await home.next(RegistrationRefused)
    assert (await home.next(LineLost)).retry_after == 120.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await home.next(RegistrationRefused)
