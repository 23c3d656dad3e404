"""Client certificates: what an application finds beside its key."""

import pytest

from consortium_operator.manifests.identity import ClientKind, client_certificate, client_secret
from tests import chains

PLAN = chains.plan()
MEMBER = PLAN.members[0]
AUTHORITY = chains.authority_register()


@pytest.mark.parametrize("kind", ClientKind)
def test_key_and_certificate_have_one_name(kind: ClientKind) -> None:
    secret = client_secret(PLAN, MEMBER, kind, chains.private("sdk.key"))
    certificate = client_certificate(PLAN, MEMBER, kind, "pem\n", [AUTHORITY])
    assert secret["metadata"]["name"] == certificate["metadata"]["name"]


def test_an_sdk_finds_its_files_by_the_names_it_looks_for() -> None:
    found = client_certificate(PLAN, MEMBER, ClientKind.SDK, "pem\n", [AUTHORITY])
    assert found["metadata"]["name"] == "trade-huawei-client"
    assert found["data"] == {"sdk.crt": "pem\n", "ca.crt": AUTHORITY.certificate}


def test_a_certificate_is_renewed_in_place() -> None:
    found = client_certificate(PLAN, MEMBER, ClientKind.OPERATOR, "pem\n", [AUTHORITY])
    assert found["metadata"]["name"] == "trade-huawei-operator-client"
    assert found["data"].keys() == {"client.crt", "ca.crt"}
    assert "immutable" not in found


def test_the_operators_key_is_not_the_applications() -> None:
    names = {
        client_secret(PLAN, MEMBER, kind, chains.private("sdk.key"))["metadata"]["name"]
        for kind in ClientKind
    }
    assert len(names) == 2
