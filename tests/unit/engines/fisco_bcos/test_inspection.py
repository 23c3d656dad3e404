"""What files are and say, whoever made them; of private keys nothing private."""

import base64
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.inspected import Inspected
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.engines.fisco_bcos.inspection.inspect import inspect
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from consortium_operator.engines.protocol import Subject, Validity
from tests.unit.engines.fisco_bcos import node_facts, rendered
from tests.unit.engines.fisco_bcos.material import NOW

ENGINES = {"Standard": FiscoBcos(STANDARD), "SM": FiscoBcos(SM)}


def look(files: dict[str, bytes], **later: float) -> dict[str, Inspected]:
    found = inspect(files, NOW + timedelta(**later))
    return {f"{one.path} ({one.kind})": one for one in found}


def look_at(name: str, content: bytes, **later: float) -> Inspected:
    (found,) = look({name: content}, **later).values()
    return found


def validity(days: float = 30) -> Validity:
    return Validity(NOW - timedelta(hours=1), NOW + timedelta(days=days), 7)


def subject(name: str) -> Subject:
    return Subject("trade", "webank", name, 1)


def node_directory(engine: FiscoBcos) -> tuple[dict[str, bytes], Any]:
    """The private and public files of one node of a member, and its register."""
    node_key, tls_key = engine.new_node_key(), engine.new_tls_key()
    register = engine.node_register(node_key, tls_key)
    authorities = {
        kind: engine.new_authority(kind, subject(kind.value), validity(300))
        for kind in AuthorityKind
    }
    leaves = engine.node_certificates(authorities, subject("node-0"), register, validity())
    files = {name: pem.encode() for name, pem in leaves.items()}
    files |= {**node_key, **tls_key}
    files |= {f"{kind.value}.crt": ca["tls.crt"] for kind, ca in authorities.items()}
    return files, register


@pytest.mark.parametrize("name", ENGINES)
def test_a_node_is_known_by_the_ids_that_its_register_holds(name: str) -> None:
    files, register = node_directory(ENGINES[name])
    found = look(files)
    assert all(one.problems == () for one in found.values())
    assert found["node.pem (private key)"].facts["nodeId"] == register.node_id
    assert found["node.pem (private key)"].facts["keyFingerprint"] == register.node_fingerprint
    tls = "ssl" if name == "Standard" else "sm_ssl"
    assert found[f"{tls}.crt (certificate)"].facts["tlsId"] == register.tls_id
    assert found[f"{tls}.key (private key)"].facts["tlsId"] == register.tls_id
    assert found[f"{tls}.crt (certificate)"].facts["privateKey"] == f"{tls}.key"


@pytest.mark.parametrize("name", ENGINES)
def test_who_signed_is_proved_and_not_guessed_from_names(name: str) -> None:
    engine = ENGINES[name]
    files, _ = node_directory(engine)
    leaf = "ssl.crt" if name == "Standard" else "sm_ssl.crt"
    found = look(files)
    assert found[f"{leaf} (certificate)"].facts["signedBy"] == "node-ca.crt"
    assert found["node-ca.crt (certificate)"].facts["signedBy"] == "itself"
    assert found["node-ca.crt (certificate)"].facts["isAuthority"] is True
    impostor = engine.new_authority(AuthorityKind.NODE, subject("node-ca"), validity())
    wrong = look(files | {"node-ca.crt": impostor["tls.crt"]})[f"{leaf} (certificate)"]
    assert wrong.facts["signedBy"] == "unknown: the issuer's certificate is not here"
    assert wrong.problems == ("node-ca.crt has its issuer's name, and another key signed it",)


def test_of_several_copies_of_the_issuer_the_nearest_is_named() -> None:
    files, _ = node_directory(ENGINES["Standard"])
    authority = files["node-ca.crt"]
    spread = {
        "a/conf/ssl.crt": files["ssl.crt"],
        "a/conf/multiCaPath/0.0": authority,
        "b/conf/multiCaPath/0.0": authority,
        "ca/ca.crt": authority,
    }
    found = look(spread)["a/conf/ssl.crt (certificate)"]
    assert found.facts["signedBy"] == "a/conf/multiCaPath/0.0"


def test_the_hash_of_an_authority_is_openssls(tmp_path: Path) -> None:
    files, _ = node_directory(ENGINES["Standard"])
    (tmp_path / "ca.crt").write_bytes(files["node-ca.crt"])
    words = ["openssl", "x509", "-in", str(tmp_path / "ca.crt"), "-noout", "-subject_hash"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found = look_at("ca.crt", files["node-ca.crt"])
    assert found.facts["subjectHash"] == done.stdout.strip()


def test_lifetimes_are_told_and_an_ended_certificate_is_a_problem() -> None:
    files, _ = node_directory(ENGINES["Standard"])
    now, late = (look_at("ssl.crt", files["ssl.crt"], days=days) for days in (0, 31))
    assert now.facts["daysLeft"] == 30
    assert now.problems == ()
    assert late.problems == (f"it ended at {now.facts['notAfter']}",)
    early = look_at("ssl.crt", files["ssl.crt"], days=-1)
    assert "is a clock wrong?" in early.problems[0]


def test_several_certificates_in_a_file_are_told_one_by_one() -> None:
    files, _ = node_directory(ENGINES["Standard"])
    found = look({"ssl.crt": files["ssl.crt"] + files["node-ca.crt"]})
    assert list(found) == ["ssl.crt[0] (certificate)", "ssl.crt[1] (certificate)"]
    assert found["ssl.crt[0] (certificate)"].facts["signedBy"] == "ssl.crt[1]"


def test_a_leaf_that_lists_cannot_name_or_pass_over_is_a_problem() -> None:
    """Host.cpp: without basicConstraints a peer is not looked up in the lists (trap 17)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    bare = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    pem = bare.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    assert look_at("ssl.crt", pem).problems == (
        "it has no basicConstraints: peers pass their allow and deny lists over",
        "its key is no RSA-2048: no allow or deny list can name it",
    )


def test_the_authority_of_build_chain_is_known_as_one(tmp_path: Path) -> None:
    """It is of version 1 and has no extensions (the node reference, section 1.3)."""
    name = "/CN=FISCO-BCOS-12345678/O=FISCO-BCOS-12345678/OU=chain"
    request = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", name]
    for words in (
        [*request, "-keyout", "ca.key", "-out", "ca.csr"],
        ["x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", "-days", "9", "-out", "ca.crt"],
    ):
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)
    found = look_at("ca.crt", (tmp_path / "ca.crt").read_bytes(), days=1)
    assert found.problems == ()
    assert found.facts["isAuthority"] is True
    assert found.facts["signedBy"] == "itself"


# Private keys.


def private_numbers(pem: bytes) -> list[bytes]:
    """The numbers that make a key private."""
    der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    begin = der.find(bytes.fromhex("0201010420"))
    if begin >= 0:  # an elliptic curve's: version 1, then 32 bytes (RFC 5915)
        return [der[begin + 5 : begin + 37]]
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    return [one.to_bytes(256, "big").lstrip(b"\0") for one in (numbers.d, numbers.p, numbers.q)]


@pytest.mark.parametrize("name", ENGINES)
def test_nothing_private_is_told(name: str) -> None:
    files, register = node_directory(ENGINES[name])
    told = repr(inspect(files, NOW))
    assert register.node_id in told
    for path, content in files.items():
        if path.endswith((".key", ".pem")):
            for number in private_numbers(content):
                assert number[:12].hex() not in told
                assert str(int.from_bytes(number, "big"))[:20] not in told
                assert repr(content[40:60])[2:-1] not in told


def test_an_account_is_known_by_its_address() -> None:
    for engine in ENGINES.values():
        account = engine.new_account()
        found = look_at("x.pem", account["account.pem"])
        assert found.facts["address"] == engine.account_register(account).address


def pem_of(key: Any, form: serialization.PrivateFormat, password: bytes | None = None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    found: bytes = key.private_bytes(serialization.Encoding.PEM, form, encryption)
    return found


def test_a_node_key_on_another_curve_is_a_problem() -> None:
    """Trap 14: the node runs, as somebody else."""
    key = pem_of(ec.generate_private_key(ec.SECP256R1()), serialization.PrivateFormat.PKCS8)
    assert "its node id would be another one" in look_at("conf/node.pem", key).problems[0]
    assert look_at("conf/other.pem", key).problems == ()


def test_a_key_in_another_form_than_nodes_read_is_a_problem() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    old = pem_of(key, serialization.PrivateFormat.TraditionalOpenSSL)
    assert "openssl pkcs8 -topk8" in look_at("ssl.key", old).problems[0]
    locked = pem_of(key, serialization.PrivateFormat.PKCS8, b"password")
    assert look_at("ssl.key", locked).problems == (
        "it is encrypted: nodes take keys without a password",
    )
    broken = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    assert look_at("ssl.key", broken).problems == ("it cannot be read",)


# Genesis, settings, peers.


def test_a_genesis_is_told_with_its_sha256_its_block_0_and_its_quorum() -> None:
    plan = rendered.plan()
    seal = rendered.seal(plan)
    found = look_at("any-name", seal.text.encode())
    assert found.kind == "genesis"
    assert found.facts["sha256"] == seal.sha256
    assert found.facts["text"] == seal.text
    assert found.facts["block0"] == rendered.ENGINE.block0_text(seal)
    assert found.facts["quorum"] == {"totalWeight": 4, "required": 3, "mayFail": 1}
    assert {one["nodeId"] for one in found.facts["sealers"]} == set(
        rendered.node_ids(plan).values()
    )
    assert found.problems == ()


def _with(lines: str) -> bytes:
    text = rendered.seal(rendered.plan()).text
    kept = [line for line in text.splitlines() if not line.strip().startswith("node.")]
    at = next(i for i, line in enumerate(kept) if "epoch_block_num" in line)
    return "\n".join([*kept[: at + 1], lines, *kept[at + 1 :]]).encode()


def test_ghosts_and_heavy_sealers_are_problems() -> None:
    """Trap 15: a node counts them all without a word."""
    a, b, c, d = (digit * 128 for digit in "abcd")
    twice = look_at("config.genesis", _with(f"node.0={a}: 1\nnode.1={a}: 1\nnode.2={b}: 2"))
    assert any("stands 2 times" in one for one in twice.problems)
    heavy = look_at(
        "config.genesis", _with(f"node.0={a}: 5\nnode.1={b}: 1\nnode.2={c}: 1\nnode.3={d}: 1")
    )
    assert heavy.problems == ("node aaaaaaaaaaaa… alone stops the chain: its weight 5 is above f",)
    lonely = look_at("config.genesis", _with(f"node.0={a}: 1"))
    assert "no sealer may fail" in lonely.problems[0]


def test_a_genesis_that_no_node_would_read_is_told_as_such() -> None:
    broken = look_at("config.genesis", b"[chain]\nchain_id\n")
    assert broken.kind == "genesis"
    assert broken.problems
    assert broken.facts["sha256"]


def test_settings_are_told_as_the_node_reads_them() -> None:
    written = node_facts.build_chain(node_facts.CONFIG_INI, node_facts.STANDARD, "3.16.4")
    lines = [
        line
        for section, keys in written.items()
        for line in (f"[{section}]", *(f"{key}={value}" for key, value in keys.items()))
    ]
    found = look_at("config.ini", "\n".join(lines).encode())
    assert found.kind == "node settings"
    assert found.facts["p2p"]["listen_port"] == "30300"
    assert found.facts["cert"]["multi_ca_path"] == "multiCaPath"
    assert found.facts["storage"]["type"] == "RocksDB"  # the node's own default
    assert found.problems == ()


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("[p2p]\nlisten_port=30300 ; p2p", "p2p.listen_port"),
        ("[p2p]\nlisten_port=80", "p2p.listen_port"),
        ("[rpc]\nenable_ssl=True", "rpc.enable_ssl"),
        ("[rpc]\nenabel_ssl=true", "rpc.enabel_ssl is no key; the nearest is enable_ssl"),
        ("[p2p]\na=1\n[pp2p]\nlisten_port=1", "[pp2p] is no section; the nearest is [p2p]"),
        ("[p2p]\nlisten_port=30300\nlisten_port=30301", "a node refuses to start"),
    ],
)
def test_what_a_node_would_misread_or_refuse_is_a_problem(line: str, word: str) -> None:
    """Traps 8, 11 and 12."""
    found = look_at("config.ini", line.encode())
    assert any(word in problem for problem in found.problems), found.problems


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"nodes":["192.0.2.1"]}', "no host:port"),
        ('{"nodes":["192.0.2.1:80"]}', "the port must be 1025 to 65535"),
        ('{"nodes":["::1:30300"]}', "stands in brackets"),
        ('{"nodes":["a:30300","a:30300"]}', "stands twice"),
        ('{"nodes":"a:30300"}', "is no list"),
        ("[]", "no JSON object"),
        ("", "no JSON object"),
    ],
)
def test_a_bad_dial_list_is_a_problem(text: str, word: str) -> None:
    """Traps 4 and 5: one bad entry stops the node."""
    assert word in look_at("nodes.json", text.encode()).problems[0]


def test_a_good_dial_list_is_told() -> None:
    found = look_at("nodes.json", b'{"nodes":["192.0.2.1:30300","[::1]:30300","a.svc:30300"]}')
    assert found.facts == {"nodes": ["192.0.2.1:30300", "[::1]:30300", "a.svc:30300"]}
    assert found.problems == ()


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe", b"[x]\ny=1\n", b'{"a": 1}', b"\0"])
def test_other_files_are_passed_over(content: bytes) -> None:
    assert inspect({"some/file": content}, NOW) == ()


@given(
    st.sampled_from(["node.pem", "ssl.crt", "config.ini", "config.genesis", "nodes.json", "x"]),
    st.sampled_from(
        [b"", b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN PRIVATE KEY-----\n", b"[consensus]\n"]
    ),
    st.binary(max_size=80) | st.text(max_size=80).map(str.encode),
)
def test_any_bytes_are_told_or_passed_over(name: str, head: bytes, rest: bytes) -> None:
    for one in inspect({name: head + rest}, NOW):
        assert one.path.startswith(name)
