"""A node's files by path, and its ports."""

from consortium_operator.chain.files import NodeFile, Source
from tests.chains import PROCESS


def test_a_file_has_a_directory_and_a_key() -> None:
    file = NodeFile("conf/tls/ssl.crt", Source.CERTIFICATE, "pem")
    assert (file.directory, file.key) == ("conf/tls", "ssl.crt")


def test_a_file_at_the_top_has_no_directory() -> None:
    file = NodeFile("config.ini", Source.CONFIG, "x")
    assert (file.directory, file.key) == ("", "config.ini")


def test_a_mounted_directory_has_no_key() -> None:
    file = NodeFile("trust/", Source.TRUST)
    assert (file.directory, file.key) == ("trust", "")


def test_keys_are_private_and_nothing_else() -> None:
    assert {source for source in Source if source.is_private} == {Source.IDENTITY, Source.TLS}


def test_a_process_listens_for_peers_and_clients() -> None:
    assert [port.name for port in PROCESS.ports] == ["p2p", "rpc"]
