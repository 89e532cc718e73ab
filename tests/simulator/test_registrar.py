"""The registrar."""

from random import Random

import pytest

from simulator.digest import Scheme
from simulator.registrar import Account, Refusal, RegisterFault, Registrar
from simulator.wire import Message, param

from .fake_phone import CONTACT, authorization, register

HOME = Account()


def registrar(*accounts: Account) -> Registrar:
    return Registrar(accounts or (HOME,), Random(1))


def final(server: Registrar, message: Message, *, link: int = 1, now: float = 0.0) -> Message:
    trying, answer = server.answer(message, link, now)
    assert trying.status == 100
    return answer


def nonce(refusal: Message) -> str:
    return (refusal.get("Www-Authenticate") or "").split('nonce="')[1].partition('"')[0]


def sign_in(
    server: Registrar,
    account: Account = HOME,
    *,
    link: int = 1,
    now: float = 0.0,
    contact: str = CONTACT,
    expires: int = 600,
) -> Message:
    challenge = final(server, register(account, contact=contact, expires=expires, call_id=contact))
    proof = authorization(account, nonce(challenge))
    again = register(
        account, number=2, authorization=proof, contact=contact, expires=expires, call_id=contact
    )
    return final(server, again, link=link, now=now)


def test_the_first_request_is_challenged_and_binds_nothing() -> None:
    server = registrar()

    answer = final(server, register(HOME))

    assert answer.status == 401
    assert answer.get("Www-Authenticate") == f'Digest realm="sip.ringcentral.com", nonce="{nonce(answer)}"'
    assert len(nonce(answer)) == 32
    assert param(answer.get("To") or "", "tag")
    assert server.binding(HOME, 0) is None


def test_the_right_proof_is_granted_as_long_as_the_account_allows() -> None:
    server = registrar()

    answer = sign_in(server)

    assert answer.status == 200
    assert answer.get("Contact") == f"<{CONTACT}>;expires=60"
    binding = server.binding(HOME, 59.9)
    assert binding is not None
    assert (binding.contact, binding.link) == (CONTACT, 1)


def test_a_registration_runs_out() -> None:
    server = registrar()
    sign_in(server)

    assert server.binding(HOME, 60) is None


def test_the_wrong_password_is_forbidden() -> None:
    server = registrar()
    challenge = final(server, register(HOME))

    answer = final(
        server, register(HOME, number=2, authorization=authorization(HOME, nonce(challenge), "guess"))
    )

    assert answer.status == 403
    assert server.binding(HOME, 0) is None


def test_a_nonce_serves_once() -> None:
    server = registrar()
    challenge = final(server, register(HOME))
    proof = authorization(HOME, nonce(challenge))

    answers = [final(server, register(HOME, number=n, authorization=proof)).status for n in (2, 3)]

    assert answers == [200, 401]


def test_zero_seconds_end_a_registration() -> None:
    server = registrar()
    sign_in(server)

    answer = sign_in(server, expires=0)

    assert answer.status == 200
    assert answer.get("Contact") is None
    assert server.binding(HOME, 1) is None


def test_the_newest_registration_gets_the_calls() -> None:
    server = registrar()
    sign_in(server, contact="sip:old@x", link=1)
    sign_in(server, contact="sip:new@x", link=2)

    assert (binding := server.binding(HOME, 1)) and binding.contact == "sip:new@x"

    sign_in(server, contact="sip:old@x", link=1)

    assert (binding := server.binding(HOME, 1)) and binding.contact == "sip:old@x"


def test_a_lost_connection_takes_its_registrations_along() -> None:
    server = registrar()
    sign_in(server, contact="sip:a@x", link=1)
    sign_in(server, contact="sip:b@x", link=2)

    server.forget(2)

    assert (binding := server.binding(HOME, 1)) and binding.contact == "sip:a@x"


def test_an_open_account_is_let_in_at_once_and_the_other_contacts_are_listed() -> None:
    account = Account(scheme=Scheme.OPEN, other_contacts=("<sip:other@x>;expires=5",))

    answer = final(registrar(account), register(account, expires=30))

    assert answer.all("Contact") == ["<sip:other@x>;expires=5", f"<{CONTACT}>;expires=30"]


@pytest.mark.parametrize(
    ("extra", "granted"), [((("Expires", "20"),), 20), ((), 60), ((("Expires", "x"),), 60)]
)
def test_without_a_parameter_the_expires_header_counts(
    extra: tuple[tuple[str, str], ...], granted: int
) -> None:
    account = Account(scheme=Scheme.OPEN)
    asked = register(account)
    headers = (*(pair for pair in asked.headers if pair[0] != "Contact"), ("Contact", "<sip:a@b>"), *extra)

    answer = final(registrar(account), Message(asked.start, headers))

    assert answer.get("Contact") == f"<sip:a@b>;expires={granted}"


def test_a_stranger_is_not_found() -> None:
    answer = final(registrar(), register(Account(username="19995550100")))

    assert answer.status == 404


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (RegisterFault.UNAVAILABLE, 503),
        (RegisterFault.TOO_MANY_CONTACTS, 603),
        (RegisterFault.TOO_BRIEF, 423),
        (RegisterFault.BAD_REQUEST, 400),
    ],
)
def test_faults_answer_every_request(fault: RegisterFault, status: int) -> None:
    server = registrar()
    server.fault = fault

    answer = final(server, register(HOME))

    assert (answer.status, answer.reason) == (status, fault.value[1])


def test_too_brief_says_how_long_would_do() -> None:
    server = registrar()
    server.fault = RegisterFault.TOO_BRIEF

    assert final(server, register(HOME)).get("Min-Expires") == "1800"


def test_any_refusal_can_be_had() -> None:
    server = registrar()
    server.fault = Refusal(503, "Busy", (("Retry-After", "20"),))

    answer = final(server, register(HOME))

    assert (answer.status, answer.reason, answer.get("Retry-After")) == (503, "Busy", "20")


@pytest.mark.parametrize(("asked", "status"), [(600, 423), (0, 200), (1800, 200)])
def test_a_registration_is_asked_for_as_long_as_the_server_wants(asked: int, status: int) -> None:
    account = Account(scheme=Scheme.OPEN)
    server = registrar(account)
    server.shortest = 1800

    answer = final(server, register(account, expires=asked))

    assert answer.status == status
    assert answer.get("Min-Expires") == ("1800" if status == 423 else None)


def test_a_nonce_may_have_run_out_when_it_is_used() -> None:
    server = registrar()
    server.stale = 1.0
    refused = sign_in(server)

    assert refused.status == 401
    assert (refused.get("Www-Authenticate") or "").endswith(", stale=true")
    server.stale = 0.0
    proof = authorization(HOME, nonce(refused))
    assert final(server, register(HOME, number=3, authorization=proof, call_id=CONTACT)).status == 200


def test_one_fault_challenges_for_ever() -> None:
    server = registrar()
    server.fault = RegisterFault.WRONG_PASSWORD

    assert sign_in(server).status == 401


def test_an_account_has_a_number_and_keeps_its_secrets() -> None:
    assert HOME.number == "16505550123"
    assert HOME.password not in repr(HOME)
    assert HOME.username not in repr(HOME)
