"""Certificates and the trust directory as OpenSSL sees them: verified, and in handshakes."""

import ssl
import subprocess
from pathlib import Path

import pytest

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.engines.fisco_bcos import authorities, certificates
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from tests.unit.engines.fisco_bcos.both_suites import in_both_suites
from tests.unit.engines.fisco_bcos.handshake import Party, shake_hands
from tests.unit.engines.fisco_bcos.material import (
    OPENSSL_VERIFY,
    client_certificate,
    client_key,
    node_certificates,
    node_register,
    registered,
    subject,
    tls_key,
    validity,
    write,
)
from tests.unit.engines.fisco_bcos.openssl_tools import End
from tests.unit.engines.fisco_bcos.openssl_tools import shakes_hands as shakes_hands_by_openssl

MEMBERS = ("boc", "huawei", "tencent", "webank")
NODE, CLIENT = AuthorityKind.NODE, AuthorityKind.CLIENT


def trusted(suite: CryptoSuite, members: tuple[str, ...] = MEMBERS) -> dict[str, str]:
    return certificates.trust([registered(member, suite=suite) for member in members])


def peer_certificates(suite: CryptoSuite, member: str = "webank") -> dict[str, str]:
    """Those that peers verify against the trust directory."""
    found = node_certificates(suite, member)
    return {
        leaf.certificate: found[leaf.certificate] for leaf in suite.leaves if leaf.issuer is NODE
    }


def strictly(suite: CryptoSuite) -> list[str]:
    """Who verifies an SM2 signature must name the id that it was made with (the node reference,
    section 8)."""
    distinguishing_id = ["-vfyopt", "distid:1234567812345678"] if suite is SM else []
    return [*OPENSSL_VERIFY, "-x509_strict", *distinguishing_id]


def verify(suite: CryptoSuite, trust: Path, leaf: Path) -> bool:
    done = subprocess.run(
        [*strictly(suite), "-CApath", trust, leaf], capture_output=True, check=False
    )
    return done.returncode == 0


def test_openssl_verifies_every_node_strictly_against_the_trust_directory(tmp_path: Path) -> None:
    openssl_verifies_all(STANDARD, 4, tmp_path)


@pytest.mark.campaign
@in_both_suites
@pytest.mark.parametrize("organisations", range(1, 65))
def test_openssl_verifies_chains_of_1_to_64_organisations(
    suite: CryptoSuite, organisations: int, tmp_path: Path
) -> None:
    openssl_verifies_all(suite, organisations, tmp_path)


def openssl_verifies_all(suite: CryptoSuite, organisations: int, directory: Path) -> None:
    members = tuple(f"member-{number}" for number in range(organisations))
    trust = write(directory / "trust", trusted(suite, members))
    leafs = write(
        directory / "nodes",
        {
            f"{member}-{file}": pem
            for member in members
            for file, pem in peer_certificates(suite, member).items()
        },
    )
    for purpose in ("sslserver", "sslclient"):
        paths = sorted(leafs.iterdir())
        if purpose == "sslclient":
            # OpenSSL wants a client to sign; the peer's certificate for encryption never does.
            paths = [path for path in paths if "sm_enssl" not in path.name]
        verified = subprocess.run(
            [*strictly(suite), "-purpose", purpose, "-CApath", trust, *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        assert verified.returncode == 0, verified.stderr
        assert verified.stdout.count(": OK") == len(paths)


def test_openssl_verifies_every_sm_node_with_the_distinguishing_id(tmp_path: Path) -> None:
    openssl_verifies_all(SM, 4, tmp_path)


def test_an_sm_certificate_is_for_the_distinguishing_id_and_no_other(tmp_path: Path) -> None:
    """Without it TASSL refuses a certificate (the node reference, section 8), so that a signature
    by another id must not pass here either."""
    trust = write(tmp_path / "trust", trusted(SM))
    write(tmp_path, node_certificates(SM))
    for option in ([], ["-vfyopt", "distid:8765432187654321"]):
        done = subprocess.run(
            [*OPENSSL_VERIFY, *option, "-CApath", trust, tmp_path / "sm_ssl.crt"],
            capture_output=True,
            check=False,
        )
        assert done.returncode != 0


@in_both_suites
def test_openssl_refuses_a_node_whose_authority_is_not_in_the_trust_directory(
    suite: CryptoSuite, tmp_path: Path
) -> None:
    trust = write(tmp_path / "trust", trusted(suite, MEMBERS[:3]))
    write(tmp_path, node_certificates(suite))
    first = suite.leaves[0].certificate
    assert not verify(suite, trust, tmp_path / first)
    assert verify(suite, write(tmp_path / "all", trusted(suite)), tmp_path / first)


@in_both_suites
@pytest.mark.parametrize("kind", AuthorityKind)
def test_the_subject_hash_is_that_of_openssl(
    suite: CryptoSuite, kind: AuthorityKind, tmp_path: Path
) -> None:
    register = registered(kind=kind.value, suite=suite)
    told = subprocess.run(
        ["openssl", "x509", "-noout", "-subject_hash"],
        input=register.certificate,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert told.strip() == register.subject_hash


@pytest.mark.parametrize("server", MEMBERS)
def test_nodes_of_all_members_shake_hands_through_the_trust_directory(
    server: str, tmp_path: Path
) -> None:
    trust = write(tmp_path / "trust", trusted(STANDARD))
    for client in MEMBERS:
        shake_hands(
            Party(node_certificates(STANDARD, client)["ssl.crt"], tls_key(), ca_directory=trust),
            Party(node_certificates(STANDARD, server)["ssl.crt"], tls_key(), ca_directory=trust),
            tmp_path,
        )


# JSON-RPC speaks TLS in both suites.


def rpc_key(suite: CryptoSuite) -> PrivateFiles:
    return PrivateFiles({"ssl.key": tls_key(suite)["ssl.key"]})


def rpc_of(suite: CryptoSuite, member: str) -> Party:
    """A node's RPC end: it trusts its own member's client CA and nothing else."""
    client_ca = registered(member, "client-ca", suite)
    certificate = node_certificates(suite, member)["ssl.crt"]
    return Party(certificate, rpc_key(suite), ca_file=client_ca.certificate)


def client_of(suite: CryptoSuite, member: str, server: str) -> Party:
    """A client, which trusts the CA of the server's certificate, so that only the server can
    refuse."""
    server_ca = registered(server, suite.leaves[-1].issuer.value, suite)
    certificate = client_certificate(member, suite=suite)
    return Party(certificate, client_key(), ca_file=server_ca.certificate)


@in_both_suites
def test_a_client_certificate_opens_its_own_members_rpc(suite: CryptoSuite, tmp_path: Path) -> None:
    for member in MEMBERS:
        shake_hands(client_of(suite, member, member), rpc_of(suite, member), tmp_path)


@in_both_suites
def test_a_client_certificate_opens_no_other_members_rpc(
    suite: CryptoSuite, tmp_path: Path
) -> None:
    for other in MEMBERS[:3]:
        with pytest.raises(ssl.SSLError, match="certificate verify failed"):
            shake_hands(client_of(suite, "webank", other), rpc_of(suite, other), tmp_path)


@in_both_suites
def test_a_node_certificate_opens_no_rpc_at_all(suite: CryptoSuite, tmp_path: Path) -> None:
    """Not even of the same member: an SM node's is from the client CA, but for servers only."""
    node = Party(
        node_certificates(suite)["ssl.crt"],
        rpc_key(suite),
        ca_file=client_of(suite, "webank", "webank").ca_file,
    )
    with pytest.raises(ssl.SSLError, match="certificate verify failed"):
        shake_hands(node, rpc_of(suite, "webank"), tmp_path)


def test_a_client_certificate_is_no_peers(tmp_path: Path) -> None:
    trust = write(tmp_path / "trust", trusted(STANDARD))
    with pytest.raises(ssl.SSLError, match="certificate verify failed"):
        shake_hands(
            Party(client_certificate(), client_key(), ca_directory=trust),
            Party(node_certificates(STANDARD, "boc")["ssl.crt"], tls_key(), ca_directory=trust),
            tmp_path,
        )


@in_both_suites
def test_non_ascii_names_are_certified(suite: CryptoSuite, tmp_path: Path) -> None:
    named = subject("深圳-0", chain="贸易链", member="微众银行")
    files = {
        kind: certificates.new_authority(suite.authorities[kind], named, validity())
        for kind in AuthorityKind
    }
    register = authorities.authority_register(files[NODE], suite.authorities[NODE])
    trust = write(tmp_path / "trust", certificates.trust([register]))
    leafs = certificates.node_certificates(
        suite, files, subject("微-0"), node_register(suite), validity()
    )
    write(tmp_path, leafs)
    assert verify(suite, trust, tmp_path / suite.leaves[0].certificate)


# --- as openssl's own server and client see them --------------------------------------------------


def end(
    directory: Path, name: str, certificate: str, key: PrivateFiles, *trusts: str | Path
) -> End:
    (content,) = key.values()
    pem, private = directory / f"{name}.crt", directory / f"{name}.key"
    pem.write_text(certificate)
    private.write_bytes(content)
    return End(pem, private, trusts)


def test_openssls_server_and_client_accept_two_members_nodes(tmp_path: Path) -> None:
    openssl_shakes_hands_with_all(2, tmp_path)


@pytest.mark.campaign
@pytest.mark.parametrize("organisations", [1, 3, 4, 7, 16, 33, 64])
def test_openssls_server_and_client_accept_the_nodes_of_many_organisations(
    organisations: int, tmp_path: Path
) -> None:
    openssl_shakes_hands_with_all(organisations, tmp_path)


def openssl_shakes_hands_with_all(organisations: int, directory: Path) -> None:
    """Every member's node dials that of the next one, as peers do."""
    members = tuple(f"member-{number}" for number in range(organisations))
    trust = write(directory / "trust", trusted(STANDARD, members))
    ends = [
        end(
            directory,
            member,
            node_certificates(STANDARD, member)["ssl.crt"],
            tls_key(),
            "-CApath",
            trust,
        )
        for member in members
    ]
    for client, server in zip(ends, [*ends[1:], ends[0]], strict=True):
        assert shakes_hands_by_openssl(client, server)


@in_both_suites
def test_openssls_server_refuses_a_client_of_another_member(
    suite: CryptoSuite, tmp_path: Path
) -> None:
    """JSON-RPC's two ends: the server trusts its own member's client CA alone."""
    issuer = suite.leaves[-1].issuer.value

    def server(member: str) -> End:
        trusts = tmp_path / f"{member}-client-ca.crt"
        trusts.write_text(registered(member, "client-ca", suite).certificate)
        certificate = node_certificates(suite, member)["ssl.crt"]
        return end(tmp_path, f"{member}-node", certificate, rpc_key(suite), "-CAfile", trusts)

    def client(member: str, of: str) -> End:
        trusts = tmp_path / f"{of}-server-ca.crt"
        trusts.write_text(registered(of, issuer, suite).certificate)
        certificate = client_certificate(member, suite=suite)
        return end(tmp_path, f"{member}-client", certificate, client_key(), "-CAfile", trusts)

    assert shakes_hands_by_openssl(client("webank", "webank"), server("webank"))
    assert not shakes_hands_by_openssl(client("webank", "boc"), server("boc"))


@pytest.mark.parametrize("other", MEMBERS[:3])
def test_a_client_certificate_fails_against_another_members_client_ca(
    other: str, tmp_path: Path
) -> None:
    leaf = tmp_path / "client.crt"
    leaf.write_text(client_certificate("webank"))
    own = write(tmp_path / "own", certificates.trust([registered("webank", "client-ca")]))
    theirs = write(tmp_path / "theirs", certificates.trust([registered(other, "client-ca")]))
    assert verify(STANDARD, own, leaf)
    assert not verify(STANDARD, theirs, leaf)
