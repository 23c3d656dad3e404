"""The scanner for key material must catch a canary in every form, and must not cry wolf."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from consortium_operator.engines.fisco_bcos.suites.table import SM
from tests.leaks import Key, Scanner

EC_KEY = ec.generate_private_key(ec.SECP256K1())
P256_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
KEYS = pytest.mark.parametrize("key", [EC_KEY, P256_KEY, RSA_KEY], ids=["k1", "p256", "rsa"])
FORMATS = pytest.mark.parametrize(
    "style", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL], ids=["pkcs8", "traditional"]
)


def pem(key: Key, style: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    return key.private_bytes(Encoding.PEM, style, NoEncryption())


def der(key: Key, style: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    return key.private_bytes(Encoding.DER, style, NoEncryption())


def secret(key: Key) -> dict[str, object]:
    data = {"node.pem": base64.b64encode(pem(key)).decode()}
    return {"kind": "Secret", "metadata": {"name": "trade-identity"}, "data": data}


def scalar(key: Key) -> int:
    numbers = key.private_numbers()
    if isinstance(numbers, ec.EllipticCurvePrivateNumbers):
        return numbers.private_value
    return numbers.d


def body(key: Key, style: PrivateFormat) -> str:
    return "".join(pem(key, style).decode().splitlines()[1:-1])


def found(scanner: Scanner, text: str) -> list[str]:
    return [str(leak) for leak in scanner.scan(text, "a log")]


CANARIES: dict[str, Callable[[Key, PrivateFormat], str]] = {
    "PEM": lambda key, style: pem(key, style).decode(),
    "PEM in JSON": lambda key, style: json.dumps({"message": pem(key, style).decode()}),
    "PEM in JSON in JSON": lambda key, style: json.dumps(json.dumps(pem(key, style).decode())),
    "the body of a PEM": body,
    "base64 of DER": lambda key, style: base64.b64encode(der(key, style)).decode(),
    "base64 of DER for URLs": lambda key, style: base64.urlsafe_b64encode(der(key, style)).decode(),
    "base64 of PEM": lambda key, style: base64.b64encode(pem(key, style)).decode(),
    "base64 of a line with PEM": lambda key, style: base64.b64encode(
        b"x" + pem(key, style)
    ).decode(),
    "hex of PEM": lambda key, style: pem(key, style).hex(),
    "hex of DER": lambda key, style: der(key, style).hex(),
    "hex of DER with colons": lambda key, style: der(key, style).hex(":"),
    "hex in capitals": lambda key, _: f"0x{scalar(key):X}",
    "decimal": lambda key, _: str(scalar(key)),
}


@KEYS
@FORMATS
@pytest.mark.parametrize("form", CANARIES)
def test_a_known_key_is_caught_in_every_form(key: Key, style: PrivateFormat, form: str) -> None:
    text = f'{{"level":"debug","message":"key {CANARIES[form](key, style)}, no more"}}'
    scanner = Scanner([secret(key)])
    assert scanner.keys == 1
    assert found(scanner, text), form


@KEYS
@FORMATS
@pytest.mark.parametrize("form", ["PEM", "PEM in JSON", "base64 of DER", "base64 of PEM"])
def test_an_unknown_key_is_caught_where_it_says_so(
    key: Key, style: PrivateFormat, form: str
) -> None:
    assert found(Scanner(), f"key: {CANARIES[form](key, style)}, no more")


@KEYS
def test_a_leak_is_told_without_the_key(key: Key) -> None:
    text = pem(key).decode()
    (leak, *_) = found(Scanner([secret(key)]), text)
    assert leak.startswith("a log: trade-identity/node.pem as ")
    assert not found(Scanner([secret(key)]), leak)


@KEYS
def test_what_is_public_is_no_leak(key: Key) -> None:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "webank")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    signer = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .sign(signer, SHA256())
        .public_bytes(Encoding.PEM)
    )
    text = json.dumps([certificate.decode(), base64.b64encode(public).decode(), public.hex()])
    assert not found(Scanner([secret(key)]), text)


def test_a_secret_may_hold_several_keys_and_things_that_are_none() -> None:
    both = secret(EC_KEY)
    both["data"] = {
        "tls.key": base64.b64encode(pem(P256_KEY) + pem(RSA_KEY)).decode(),
        "tls.crt": base64.b64encode(b"not a key").decode(),
    }
    scanner = Scanner([both])
    assert scanner.keys == 2
    assert found(scanner, str(scalar(RSA_KEY)))
    assert not found(scanner, str(scalar(EC_KEY)))


def test_a_key_of_national_cryptography_is_found_in_every_form() -> None:
    """The library that reads the others does not know its curve."""
    text = SM.ledger.new()
    der = base64.b64decode(b"".join(text.splitlines()[1:-1]))
    data = {"node.pem": base64.b64encode(text).decode()}
    scanner = Scanner([{"metadata": {"name": "trade-identity"}, "data": data}])
    at = der.index(bytes.fromhex("0201010420")) + 5
    number = int.from_bytes(der[at : at + 32], "big")
    for canary in (text.decode(), der.hex(), base64.b64encode(der).decode(), str(number)):
        assert any("trade-identity/node.pem" in leak for leak in found(scanner, canary))
    assert found(Scanner(), base64.b64encode(der).decode()) == [
        "a log: a private key as base64 of DER"
    ]
    assert found(scanner, SM.ledger.new()[40:60].hex()) == []
