"""Keys, registers and the genesis that were deleted, emptied or swapped: told by name, never made
anew, and well again once they are put back."""

from collections.abc import Iterator

import pytest

from consortium_operator.kube.kinds import CONFIG_MAP, SECRET, STATEFUL_SET, Kind
from tests.api_server import Api, Body, labels_of, path_of
from tests.integration.operator.conftest import Namespaces, violations_of
from tests.integration.operator.support.chain import FOUNDED, Chain, Versions, members, without
from tests.integration.operator.support.difference import differences
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import wait_until

NODE = "trade-webank-n-0"
OTHER = "trade-tencent-n-0"
KEYS = {
    f"{NODE}-identity": "NodeKeyMissing",
    f"{NODE}-tls-1": "NodeKeyMissing",
    "trade-webank-node-ca-1": "CAKeyMissing",
    "trade-webank-client-ca-1": "CAKeyMissing",
    "trade-admin": "NodeKeyMissing",
}


@pytest.fixture(scope="module")
def founded(api: Api, namespaces: Namespaces, operator: OperatorProcess) -> tuple[Chain, str]:
    """A chain of two members, and the version of the cluster before it."""
    chain = Chain(api, namespaces.make(), operator.log, of=members("tencent", "webank"))
    since = api.version(chain.namespace)
    chain.found()
    return chain, since


@pytest.fixture
def chain(founded: tuple[Chain, str]) -> Iterator[Chain]:
    """Each test puts back what it took; then all is as it was."""
    chain, _ = founded
    before = contents(chain)
    yield chain
    chain.poke()
    wait_until(
        lambda: contents(chain) == before,
        "as it was",
        lambda: "\n".join([*differences(contents(chain), before), chain.report()]),
    )
    for condition in FOUNDED:
        chain.wait(condition, "True")


def contents(chain: Chain) -> dict[str, object]:
    return {path_of(one): one.get("data", one.get("spec")) for one in chain.children()}


def take(chain: Chain, kind: Kind, name: str) -> Body:
    """Deletes an object; what was in it, to be put back."""
    found = chain.get(kind, name)
    assert found is not None, name
    chain.api.delete(kind, chain.namespace, name)
    return without(found)


def put(chain: Chain, obj: Body) -> None:
    chain.api.create({"Secret": SECRET, "ConfigMap": CONFIG_MAP}[obj["kind"]], chain.namespace, obj)


def pods(chain: Chain) -> Versions:
    return chain.versions(STATEFUL_SET)


def test_lost_keys_are_told_by_name_and_not_made_anew(
    chain: Chain, operator: OperatorProcess
) -> None:
    before = pods(chain)
    taken = [take(chain, SECRET, name) for name in KEYS]
    operator.restart()
    message = chain.wait("IdentitiesIntact", "False")["message"]
    for name in KEYS:
        assert f"Secret {name}" in message
    assert chain.conditions()["Stalled"]["status"] == "True"
    operator.look_again(chain.poke)
    assert not {path.removeprefix("Secret/") for path in chain.versions(SECRET)} & set(KEYS)
    assert pods(chain) == before
    for obj in taken:
        put(chain, obj)


@pytest.mark.parametrize("name", [f"{NODE}-tls-1", "trade-webank-client-ca-1"])
@pytest.mark.campaign
def test_a_lost_key_has_its_reason(chain: Chain, operator: OperatorProcess, name: str) -> None:
    taken = take(chain, SECRET, name)
    operator.restart()
    told = chain.wait("IdentitiesIntact", "False", KEYS[name])
    assert name in told["message"]
    assert "backup" in told["message"]
    put(chain, taken)


@pytest.mark.campaign
def test_a_key_that_is_gone_with_its_register_is_not_made_anew(
    chain: Chain, operator: OperatorProcess
) -> None:
    """The founders table and its volume still know the node."""
    name = f"{NODE}-identity"
    operator.stop()
    taken = [take(chain, kind, name) for kind in (SECRET, CONFIG_MAP)]
    operator.start()
    chain.wait("IdentitiesIntact", "False", "NodeKeyMissing", says=f"Secret {name}")
    operator.look_again(chain.poke)
    assert chain.get(SECRET, name) is None
    for obj in taken:
        put(chain, obj)


@pytest.mark.campaign
def test_swapped_keys_are_told(chain: Chain, operator: OperatorProcess) -> None:
    names = (f"{NODE}-identity", f"{OTHER}-identity")
    ours, others = (take(chain, SECRET, name) for name in names)
    put(chain, ours | {"data": others["data"]})
    put(chain, others | {"data": {}})
    operator.restart()
    message = chain.wait("IdentitiesIntact", "False", "NodeKeyMismatch")["message"]
    assert all(f"Secret {name}" in message for name in names)
    for obj in (ours, others):
        chain.api.delete(SECRET, chain.namespace, obj["metadata"]["name"])
        put(chain, obj)


def test_a_lost_register_is_written_again_from_the_key(chain: Chain) -> None:
    for name in (f"{NODE}-identity", "trade-webank-node-ca-1", "trade-admin"):
        chain.api.delete(CONFIG_MAP, chain.namespace, name)


@pytest.mark.campaign
def test_a_swapped_register_is_told(chain: Chain, operator: OperatorProcess) -> None:
    operator.stop()  # it would write the right one again at once
    ours = take(chain, CONFIG_MAP, f"{NODE}-identity")
    other = chain.get(CONFIG_MAP, f"{OTHER}-identity")
    assert other is not None
    put(chain, ours | {"data": other["data"]})
    operator.start()
    chain.wait("IdentitiesIntact", "False", "NodeKeyMismatch", says=f"{NODE}-identity")
    chain.api.delete(CONFIG_MAP, chain.namespace, f"{NODE}-identity")


@pytest.mark.parametrize("name", ["trade-genesis", "trade-genesis-copy"])
def test_one_of_two_copies_of_the_genesis_is_made_again_from_the_other(
    chain: Chain, name: str
) -> None:
    chain.api.delete(CONFIG_MAP, chain.namespace, name)


def test_a_genesis_that_is_gone_is_never_sealed_anew(
    chain: Chain, operator: OperatorProcess
) -> None:
    before = pods(chain)
    operator.stop()
    taken = [take(chain, CONFIG_MAP, name) for name in ("trade-genesis", "trade-genesis-copy")]
    operator.start()
    chain.wait("GenesisSealed", "False", "GenesisTampered", says="trade-genesis")
    operator.look_again(chain.poke)
    assert chain.get(CONFIG_MAP, "trade-genesis") is None
    assert pods(chain) == before
    put(chain, taken[0])


@pytest.mark.campaign
def test_a_genesis_that_was_changed_is_told(chain: Chain, operator: OperatorProcess) -> None:
    operator.stop()
    taken = take(chain, CONFIG_MAP, "trade-genesis")
    text = taken["data"]["config.genesis"].replace("3000000000", "2000000000")
    assert text != taken["data"]["config.genesis"]
    put(chain, taken | {"data": taken["data"] | {"config.genesis": text}})
    operator.start()
    chain.wait("GenesisSealed", "False", "GenesisTampered", says="trade-genesis")
    chain.api.delete(CONFIG_MAP, chain.namespace, "trade-genesis")


def test_in_all_of_this_no_rule_was_broken(founded: tuple[Chain, str], api: Api) -> None:
    chain, since = founded
    assert violations_of(api, chain.namespace, since) == []
    assert all(labels_of(one)["consortium.dev/chain"] == "trade" for one in chain.children())
