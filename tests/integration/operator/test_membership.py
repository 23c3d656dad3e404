"""Members that come after the founding, up to where their node would get its volume, for which the
chain has to be read: keys of their own, trust of others, and nothing of the founding touched."""

import pytest

from consortium_operator.kube.kinds import CONFIG_MAP, PERSISTENT_VOLUME_CLAIM, SECRET
from tests.integration.operator.conftest import NewChain
from tests.integration.operator.support.chain import Chain, members
from tests.integration.operator.support.process import OperatorProcess
from tests.integration.operator.support.waiting import wait_until

NEWCOMER = "trade-tencent-n-0"


def waits(chain: Chain) -> bool:
    """No node runs that could say whether the chain has the newcomer already."""
    told = chain.conditions()["MembershipInSync"]["message"]
    return "tencent/n-0: no volume is made before the chain can be read" in told


def test_a_new_member_gets_keys_of_its_own_and_the_founding_stays(
    new_chain: NewChain, operator: OperatorProcess
) -> None:
    chain = new_chain()
    chain.found()
    before = chain.versions()
    chain.edit(members=members("webank", "tencent"))
    wait_until(lambda: waits(chain), "the newcomer to wait for the chain", operator.log)
    after = chain.versions()
    changed = {path for path, version in before.items() if after[path] != version}
    # Whom it trusts and whom it dials, and what is remembered.
    assert changed == {
        "ConfigMap/trade-trust",
        "ConfigMap/trade-webank-n-0-peers",
        "ConfigMap/trade-journal",
    }
    assert {f"Secret/{NEWCOMER}-identity", "Secret/trade-tencent-node-ca-1"} <= after.keys()
    assert chain.get(PERSISTENT_VOLUME_CLAIM, f"{NEWCOMER}-data-g1") is None
    trust = chain.get(CONFIG_MAP, "trade-trust")
    assert trust is not None
    assert len(trust["data"]) == 2


@pytest.mark.campaign
def test_a_member_that_is_taken_back_keeps_its_keys(
    new_chain: NewChain, operator: OperatorProcess
) -> None:
    """Whether it has joined, nobody can say while no node runs: so it is left as it is."""
    chain = new_chain()
    chain.found()
    chain.edit(members=members("webank", "tencent"))
    wait_until(lambda: waits(chain), "the newcomer to wait for the chain", operator.log)
    secrets = chain.versions(SECRET)
    chain.edit(members=members("webank"))
    chain.wait("SpecValid", "True")
    operator.stop()
    operator.start()
    chain.poke()
    chain.wait("IdentitiesIntact", "True")
    assert chain.versions(SECRET) == secrets
