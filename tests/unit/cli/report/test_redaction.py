"""What may be private is taken out of a text, however it is wrapped; the rest stays as it is."""

import base64
import json
import textwrap
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from consortium_operator.cli.report.redaction import REDACTED, redacted
from tests.leaks import Key, Scanner

KEYS: dict[str, Key] = {
    "k1": ec.generate_private_key(ec.SECP256K1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}
STYLES = (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)


def pem(key: Key, style: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, style, NoEncryption()).decode()


def wrapped(key: Key, style: PrivateFormat) -> dict[str, str]:
    """Every form in which a key may slip into a text."""
    text = pem(key, style)
    der = key.private_bytes(Encoding.DER, style, NoEncryption())
    packed = base64.b64encode(text.encode()).decode()
    return {
        "as it is": f"before\n{text}after\n",
        "behind times": "".join(f"2026-08-01T10:00:00.1Z {line}\n" for line in text.splitlines()),
        "cut off": "\n".join(text.splitlines()[:-1]),
        "in JSON": json.dumps({"message": text}),
        "in JSON in JSON": json.dumps({"log": json.dumps({"message": text})}),
        "indented": textwrap.indent(text, "    "),
        "base64": f"data: {packed}",
        "base64 in lines": "\n".join(textwrap.wrap(packed, 76)),
        "base64 of DER": f"x={base64.b64encode(der).decode()};",
        "url-safe": base64.urlsafe_b64encode(der).decode(),
    }


@pytest.mark.parametrize("style", STYLES, ids=["pkcs8", "traditional"])
@pytest.mark.parametrize("name", KEYS)
def test_no_key_is_left_in_whatever_it_is_wrapped(name: str, style: PrivateFormat) -> None:
    scanner = Scanner()
    scanner.add("canary", pem(KEYS[name], style).encode())
    for form, text in wrapped(KEYS[name], style).items():
        assert scanner.scan(text, form), f"{form}: the scanner should have seen this"
        assert scanner.scan(redacted(text), form) == []
        assert REDACTED in redacted(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abcdefgh.ijkl", f"Authorization: Bearer {REDACTED}"),
        ("postgres://user:hunter22@db/x", f"postgres://user:{REDACTED}@db/x"),
        ("password: hunter22", f"password: {REDACTED}"),
        ('{"token": "hunter22"}', f'{{"token": "{REDACTED}"}}'),
        (f"private key: 0x{'ab' * 32}", f"private key: {REDACTED}"),
        (f"{'eyJhbGciOi' * 2}.{'c' * 20}.{'d' * 20} end", f"{REDACTED} end"),
    ],
)
def test_tokens_and_passwords_go(text: str, left: str) -> None:
    assert redacted(text) == left


@pytest.mark.parametrize(
    "text",
    [
        f"node id {'0f' * 64}",
        f"sha256: {'ab' * 32}",
        "secretName: trade-webank-node-0-identity",
        "secret:\n  secretName: trade-webank-client\n",
        "-----BEGIN CERTIFICATE-----\n" + "QUJD" * 40 + "\n-----END CERTIFICATE-----\n",
        "accept-pause: trade-webank-node-0@3",
        "info|2026-08-01|[TXPOOL] pending txs=15000, sealing=true\n" * 3,
    ],
)
def test_what_is_public_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    "hostile",
    ["eyJ-", "eyJhbGciOiJ.", "-----BEGIN PRIVATE KEY-----", "M" + "A" * 4000 + "\n", "LS0t" * 4],
)
def test_a_hostile_log_keeps_the_report_busy_for_a_moment_only(hostile: str) -> None:
    began = time.process_time()
    redacted(hostile * (300_000 // len(hostile)))
    assert time.process_time() - began < 5


@pytest.mark.parametrize("between", ["-", "a.b.", "a.b.c.d.e.", "deadbeef."])
def test_a_token_is_found_behind_whatever_stands_before_it(between: str) -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2RlIn0.c2lnbmF0dXJl"
    assert redacted(f"said {between}{token} to it") == f"said {between}{REDACTED} to it"


def test_a_key_is_found_behind_many_lines_that_look_like_one() -> None:
    key = pem(KEYS["rsa"], PrivateFormat.PKCS8)
    digits = base64.b64encode(key.encode()).decode()
    text = "MAAAAAAAAAAAAAAAA\n" * 1000 + "\n".join(textwrap.wrap(digits, 64))
    assert REDACTED in redacted(text)
