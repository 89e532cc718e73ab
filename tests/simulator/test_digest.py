"""The server's half of digest authentication."""

import hashlib

import pytest

from simulator.digest import Scheme, Secret, accepts, challenges, fields, nonce_of

ALICE = Secret("alice", "secret", "sip.example.com")
URI = "sip:sip.example.com"
GOOD = (
    'Digest algorithm="MD5", username="alice", realm="sip.example.com", nonce="nonce-123", '
    f'uri="{URI}", response="f0ef3d1e899efd8a08f6a73722838994"'
)


def passes(
    header: str, scheme: Scheme = Scheme.RINGCENTRAL, method: str = "REGISTER", uri: str = URI
) -> bool:
    return accepts(header, scheme=scheme, secret=ALICE, method=method, uri=uri)


def signed(algorithm: str, *, count: str = "00000001", qop: str = "auth", cnonce: str = "c") -> str:
    def digest(text: str) -> str:
        return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()

    user, asked = digest("alice:sip.example.com:secret"), digest(f"REGISTER:{URI}")
    response = digest(f"{user}:n:{count}:{cnonce}:{qop}:{asked}")
    return (
        f'Digest username="alice", realm="sip.example.com", nonce="n", uri="{URI}", algorithm={algorithm}, '
        f'qop={qop}, nc={count}, cnonce="{cnonce}", response="{response}"'
    )


def test_ringcentral_challenges_with_realm_and_nonce_only() -> None:
    assert challenges(Scheme.RINGCENTRAL, "r", "n") == ['Digest realm="r", nonce="n"']


def test_the_stronger_algorithm_is_offered_first() -> None:
    first, second = challenges(Scheme.SHA256, "r", "n")

    assert "SHA-256" in first
    assert "MD5" in second


def test_the_published_vector_passes() -> None:
    assert passes(GOOD)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("f0ef", "f0ee"),
        ("nonce-123", "nonce-124"),
        ('username="alice"', 'username="bob"'),
        ('realm="sip.example.com"', 'realm="other"'),
        (f'uri="{URI}"', 'uri="sip:other"'),
        ("algorithm", "qop=auth, algorithm"),
        ('"MD5"', "SHA-256"),
        ("Digest", "Basic"),
        ('username="alice",', 'username="alice'),
    ],
)
def test_anything_else_is_refused(old: str, new: str) -> None:
    assert not passes(GOOD.replace(old, new))


def test_the_method_is_signed() -> None:
    assert not passes(GOOD, method="INVITE")


def test_an_open_account_accepts_no_proof() -> None:
    assert not passes(GOOD, Scheme.OPEN)


@pytest.mark.parametrize(("scheme", "algorithm"), [(Scheme.QOP, "MD5"), (Scheme.SHA256, "SHA-256")])
def test_a_quality_of_protection_is_computed(scheme: Scheme, algorithm: str) -> None:
    assert passes(signed(algorithm), scheme)


@pytest.mark.parametrize("broken", [{"count": "1"}, {"qop": "auth-int"}, {"cnonce": ""}])
def test_a_wrong_count_quality_or_nonce_of_the_client_is_refused(broken: dict[str, str]) -> None:
    assert not passes(signed("MD5", **broken), Scheme.QOP)


def test_a_downgrade_to_md5_is_refused() -> None:
    assert not passes(signed("MD5"), Scheme.SHA256)


def test_fields_are_read() -> None:
    assert fields('Digest a="b,c", D=e') == {"a": "b,c", "d": "e"}
    assert nonce_of(GOOD) == "nonce-123"
    assert nonce_of("Digest") == ""
