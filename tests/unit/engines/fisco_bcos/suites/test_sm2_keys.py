"""SM2 by the library and by OpenSSL: each verifies what the other has signed."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.engines.fisco_bcos import der
from consortium_operator.engines.fisco_bcos.suites import sm2_keys
from consortium_operator.engines.fisco_bcos.suites.sm2_keys import Sm2, Sm2PublicKey
from consortium_operator.engines.fisco_bcos.suites.table import SM
from consortium_operator.engines.protocol import InvalidMaterial
from tests.unit.engines.fisco_bcos.material import node_register, rsa_of, secp256k1

KEYS = {"key": Sm2().new()}
POINT = bytes.fromhex(Sm2().public(KEYS, "key").number)
DISTINGUISHING_ID = "distid:1234567812345678"


def test_openssl_verifies_our_signatures_by_the_default_id(tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(b"content")
    (tmp_path / "signature").write_bytes(sm2_keys.sign(KEYS, "key", b"content"))
    (tmp_path / "public.pem").write_text(Sm2().public(KEYS, "key").pem)
    words = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-in", "content"]
    done = subprocess.run(
        [
            *words,
            "-rawin",
            "-digest",
            "sm3",
            "-sigfile",
            "signature",
            "-pkeyopt",
            DISTINGUISHING_ID,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Signature Verified Successfully" in done.stdout, done.stderr


def test_we_verify_openssls_signatures_by_the_default_id(tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(b"content")
    (tmp_path / "key.pem").write_bytes(KEYS["key"])
    words = ["openssl", "pkeyutl", "-sign", "-inkey", "key.pem", "-in", "content", "-rawin"]
    for option, is_ours in ((DISTINGUISHING_ID, True), ("distid:8765432187654321", False)):
        signature = subprocess.run(
            [*words, "-digest", "sm3", "-pkeyopt", option],
            cwd=tmp_path,
            capture_output=True,
            check=True,
        ).stdout
        assert sm2_keys.verify(POINT, signature, b"content") is is_ours


@given(st.binary(max_size=200))
def test_a_signature_is_its_contents_and_its_keys(content: bytes) -> None:
    signature = sm2_keys.sign(KEYS, "key", content)
    assert sm2_keys.verify(POINT, signature, content)
    assert not sm2_keys.verify(POINT, signature, content + b"\0")
    other = bytes.fromhex(node_register(SM).node_id)
    assert not sm2_keys.verify(other, signature, content)


@given(st.binary(max_size=120))
def test_no_bytes_pass_for_a_signature_or_bring_an_error(content: bytes) -> None:
    assert not sm2_keys.verify(POINT, content, b"content")
    with pytest.raises(ValueError, match="signature"):
        Sm2().signer(b"\1" * 32, content)


@pytest.mark.parametrize(
    "point",
    [bytes(64), b"\xff" * 64, POINT[:63], POINT[::-1]],
    # The key is another one in each process, and all must collect the same names.
    ids=["zero", "ones", "short", "backwards"],
)
def test_a_point_off_the_curve_is_no_key(point: bytes) -> None:
    with pytest.raises(ValueError, match="curve SM2"):
        Sm2PublicKey.from_spki(Sm2PublicKey(point).spki)
    assert not sm2_keys.verify(point, sm2_keys.sign(KEYS, "key", b""), b"")


@given(st.binary(max_size=100))
def test_no_bytes_pass_for_a_public_key(content: bytes) -> None:
    for candidate in (content, der.sequence(content), der.sequence(content, content)):
        with pytest.raises(ValueError):  # noqa: PT011 # whichever way it is no key
            Sm2PublicKey.from_spki(candidate)


@pytest.mark.parametrize("pem", ["", "garbage", node_register().tls_public_key])
def test_a_public_key_of_another_kind_is_refused(pem: str) -> None:
    with pytest.raises(InvalidMaterial, match="the key is no public key on the curve SM2"):
        Sm2().load_public(pem, "the key")


def test_a_public_key_comes_back_from_its_pem() -> None:
    public = Sm2().public(KEYS, "key")
    assert Sm2().load_public(public.pem, "the key").public == public


@pytest.mark.parametrize("content", [rsa_of(2048), secp256k1(1)])
def test_signing_needs_an_sm2_key(content: bytes) -> None:
    with pytest.raises(InvalidMaterial, match="no key on the curve SM2"):
        sm2_keys.sign({"key": content}, "key", b"")


def test_importing_the_operator_does_not_load_the_library() -> None:
    """It takes memory and time that a Standard chain has no use for."""
    program = (
        "import sys; import consortium_operator.engines.registry; "
        "sys.exit(any(name.startswith('tongsuopy') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_absence_of_the_library_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sm2_keys.is_available()
    monkeypatch.setattr(sm2_keys, "_library", absent)
    assert not sm2_keys.is_available()
    with pytest.raises(InvalidMaterial):
        Sm2().load_public(Sm2PublicKey(POINT).public.pem, "the key")


def absent() -> None:
    raise ImportError("no such package")
