"""The pod of a node: hardened, placed, and free of what must not restart it."""

from dataclasses import replace
from typing import Any

import pytest

from consortium_operator.chain.files import NodeFile, Port, Source
from consortium_operator.chain.plan import Plan
from consortium_operator.manifests.pod import Generations, node_pod, pod_template
from tests import chains
from tests.restricted import violations


def template(plan: Plan, generations: Generations | None = None) -> dict[str, Any]:
    node = plan.nodes[0]
    files = chains.node_files(node)
    return pod_template(
        plan, node_pod(plan, node, chains.PROCESS, files, generations or Generations())
    )


def spec_of(**node: Any) -> dict[str, Any]:
    plan = chains.plan(chains.member("webank", chains.node("shenzhen", **node)))
    found: dict[str, Any] = template(plan)["spec"]
    return found


def placed(**placement: Any) -> dict[str, Any]:
    return spec_of(placement=placement)


def container(spec: dict[str, Any]) -> dict[str, Any]:
    (found,) = spec["containers"]
    assert isinstance(found, dict)
    return found


def test_it_passes_pod_security_restricted() -> None:
    assert violations(spec_of()) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("privileged", True),
        ("allowPrivilegeEscalation", True),
        ("runAsUser", 0),
        ("capabilities", {"drop": []}),
        ("runAsNonRoot", False),
    ],
)
def test_a_less_hardened_container_would_be_noticed(field: str, value: Any) -> None:
    spec = spec_of()
    container(spec)["securityContext"][field] = value
    assert violations(spec) != []


def test_only_the_volume_is_writable() -> None:
    found = container(spec_of())
    assert found["securityContext"]["readOnlyRootFilesystem"] is True
    assert [m["name"] for m in found["volumeMounts"] if not m.get("readOnly")] == ["data"]


def test_it_has_no_token_and_no_variables() -> None:
    spec = spec_of()
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert "env" not in container(spec)
    assert "envFrom" not in container(spec)


def test_the_kubelet_never_restarts_a_running_node() -> None:
    assert "livenessProbe" not in container(spec_of())


def test_a_node_with_a_large_ledger_has_half_an_hour_to_start() -> None:
    probe = container(spec_of())["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 30 * 60


def test_it_is_ready_when_rpc_accepts_connections() -> None:
    assert container(spec_of())["readinessProbe"]["tcpSocket"] == {"port": "rpc"}


def test_it_works_in_its_volume() -> None:
    spec = spec_of()
    found = container(spec)
    assert found["workingDir"] == "/var/lib/node"
    assert {"name": "data", "mountPath": "/var/lib/node"} in found["volumeMounts"]
    claim = {"claimName": "trade-webank-shenzhen-0-data-g1"}
    assert {"name": "data", "persistentVolumeClaim": claim} in spec["volumes"]


def test_generations_choose_the_volume_and_the_tls_key() -> None:
    plan = chains.plan(chains.member("webank", chains.node("shenzhen")))
    text = str(template(plan, Generations(tls=2, volume=3)))
    assert "trade-webank-shenzhen-0-tls-2" in text
    assert "trade-webank-shenzhen-0-data-g3" in text


def test_a_brought_key_is_mounted_from_its_owners_secret_and_the_tls_key_from_ours() -> None:
    spec = spec_of(identity={"secretName": "mine"})
    (conf,) = [v["projected"] for v in spec["volumes"] if v["name"] == "files-conf"]
    secrets = {
        source["secret"]["name"]: source["secret"]["items"]
        for source in conf["sources"]
        if "secret" in source
    }
    assert secrets == {
        "mine": [{"key": "node.pem", "path": "node.pem"}],
        "trade-webank-shenzhen-0-tls-1": [{"key": "ssl.key", "path": "ssl.key"}],
    }


def test_renewed_roots_restart_a_node_and_new_members_do_not() -> None:
    plan = chains.plan(chains.member("webank", chains.node("n", podAnnotations={"a": "b"})))
    before, after = (
        template(plan, Generations(renewed_roots=roots))["metadata"] for roots in (None, "0a1b2c")
    )
    assert before["annotations"] == {"a": "b"}
    assert after["annotations"] == {"a": "b", "consortium.dev/renewed-roots": "0a1b2c"}


def test_every_file_is_where_the_engine_wants_it() -> None:
    plan = chains.plan()
    spec = template(plan)["spec"]
    volumes = {v["name"]: v["projected"] for v in spec["volumes"] if "projected" in v}
    found = {
        f"{mount['mountPath']}/{item['path']}"
        for mount in container(spec)["volumeMounts"]
        if mount["name"] in volumes
        for source in volumes[mount["name"]]["sources"]
        for origin in source.values()
        for item in origin.get("items", [])
    }
    files = [file.path for file in chains.node_files(plan.nodes[0]) if file.key]
    assert found == {f"/etc/node/{path}" for path in files}


def test_private_files_come_from_secrets_and_public_ones_from_config_maps() -> None:
    spec = template(chains.plan())["spec"]
    (conf,) = [v["projected"] for v in spec["volumes"] if v["name"] == "files-conf"]
    keys = {
        (kind, item["key"])
        for source in conf["sources"]
        for kind, origin in source.items()
        for item in origin["items"]
    }
    assert keys == {
        ("secret", "node.pem"),
        ("secret", "ssl.key"),
        ("configMap", "ssl.crt"),
        ("configMap", "ca.crt"),
    }


def test_files_are_readable_by_owner_and_group_only() -> None:
    spec = template(chains.plan())["spec"]
    modes = {v["projected"]["defaultMode"] for v in spec["volumes"] if "projected" in v}
    assert modes == {0o440}


def test_live_files_come_from_objects_that_keep_their_names() -> None:
    spec = template(chains.plan())["spec"]
    volumes = {v["name"]: v["projected"]["sources"] for v in spec["volumes"] if "projected" in v}
    nodes_json = {"key": "nodes.json", "path": "nodes.json"}
    assert volumes["files-peers"] == [
        {"configMap": {"name": "trade-huawei-node-0-peers", "items": [nodes_json]}}
    ]
    # Whole: a new member's CA is a new file.
    assert volumes["files-trust"] == [{"configMap": {"name": "trade-trust"}}]


def test_nothing_is_mounted_by_sub_path() -> None:
    # Such a file would never see a change.
    assert all("subPath" not in mount for mount in container(spec_of())["volumeMounts"])


def test_new_peers_do_not_change_the_template() -> None:
    plan = chains.plan()
    node, files = plan.nodes[0], chains.node_files(plan.nodes[0])
    changed = tuple(
        replace(f, content="changed\n") if f.source is Source.PEERS else f for f in files
    )
    before, after = (
        pod_template(plan, node_pod(plan, node, chains.PROCESS, found, Generations()))
        for found in (files, changed)
    )
    assert after == before


def test_files_at_the_top_and_deeper_get_volumes_of_their_own() -> None:
    plan = chains.plan()
    files = (
        NodeFile("config.ini", Source.CONFIG, "x"),
        NodeFile("conf/tls/ssl.key", Source.TLS),
    )
    pod = node_pod(plan, plan.nodes[0], chains.PROCESS, files, Generations())
    found = container(pod_template(plan, pod)["spec"])["volumeMounts"]
    assert {mount["name"]: mount["mountPath"] for mount in found} == {
        "data": "/var/lib/node",
        "files": "/etc/node",
        "files-conf-tls": "/etc/node/conf/tls",
    }


def test_new_settings_or_certificates_change_the_template() -> None:
    plan = chains.plan()
    node, files = plan.nodes[0], chains.node_files(plan.nodes[0])
    before = pod_template(plan, node_pod(plan, node, chains.PROCESS, files, Generations()))
    for source in (Source.CERTIFICATE, Source.CONFIG):
        changed = tuple(replace(f, content="changed\n") if f.source is source else f for f in files)
        after = pod_template(plan, node_pod(plan, node, chains.PROCESS, changed, Generations()))
        assert after != before


def test_weight_and_other_members_do_not_change_the_template() -> None:
    webank = chains.member("webank", chains.node("shenzhen", weight=1))
    heavier = chains.member("webank", chains.node("shenzhen", weight=5))
    joined = chains.member("zhongan")
    assert template(chains.plan(webank)) == template(chains.plan(heavier, joined))


def test_own_labels_cannot_be_overridden_and_foreign_ones_are_kept() -> None:
    plan = chains.plan(
        chains.member("webank", chains.node("shenzhen", podLabels={"team": "a", "tier": "b"}))
    )
    node = replace(plan.nodes[0], pod_labels={"team": "a", "consortium.dev/node": "another"})
    pod = node_pod(plan, node, chains.PROCESS, chains.node_files(node), Generations())
    labels = pod_template(plan, pod)["metadata"]["labels"]
    assert labels["team"] == "a"
    assert labels["consortium.dev/node"] == "trade-webank-shenzhen-0"


def test_annotations_are_the_resources() -> None:
    plan = chains.plan(
        chains.member("webank", chains.node("shenzhen", podAnnotations={"example.com/a": "b"}))
    )
    assert template(plan)["metadata"]["annotations"] == {"example.com/a": "b"}
    assert "annotations" not in template(chains.plan())["metadata"]


def test_a_pod_says_that_its_rpc_is_without_tls_and_only_then() -> None:
    plan = chains.plan()
    node = plan.nodes[0]
    plain = replace(chains.PROCESS, rpc_is_plain=True)
    pod = node_pod(plan, node, plain, chains.node_files(node), Generations())
    found, encrypted = pod_template(plan, pod), template(plan)
    assert found["metadata"].pop("annotations") == {"consortium.dev/plain-rpc": "true"}
    assert found == encrypted


def test_what_only_applications_use_is_a_port_of_the_container() -> None:
    plan = chains.plan()
    node = plan.nodes[0]
    opened = replace(chains.PROCESS, for_clients=(Port("web3", 8545),))
    pod = node_pod(plan, node, opened, chains.node_files(node), Generations())
    ports = container(pod_template(plan, pod)["spec"])["ports"]
    assert ports[-1] == {"name": "web3", "containerPort": 8545, "protocol": "TCP"}
    assert len(ports) == 3


def test_nodes_of_a_chain_rather_share_neither_machine_nor_zone() -> None:
    terms = spec_of()["affinity"]["podAntiAffinity"][
        "preferredDuringSchedulingIgnoredDuringExecution"
    ]
    assert [(t["weight"], t["podAffinityTerm"]["topologyKey"]) for t in terms] == [
        (100, "kubernetes.io/hostname"),
        (50, "topology.kubernetes.io/zone"),
    ]
    for term in terms:
        assert term["podAffinityTerm"]["labelSelector"]["matchLabels"] == {
            "consortium.dev/chain": "trade",
            "consortium.dev/part": "node",
        }


def test_region_and_zone_hold_together_with_a_selector() -> None:
    found = placed(region="cn-south", zone="cn-south-1", nodeSelector={"disk": "ssd"})
    assert found["nodeSelector"] == {
        "disk": "ssd",
        "topology.kubernetes.io/region": "cn-south",
        "topology.kubernetes.io/zone": "cn-south-1",
    }


def test_an_affinity_of_the_resource_takes_the_place_of_the_spread() -> None:
    # An empty selector selects all namespaces, and is not left out.
    term = {"topologyKey": "kubernetes.io/hostname", "namespaceSelector": {}}
    wanted = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    assert placed(affinity=wanted)["affinity"] == wanted
    # An empty one switches the spread off.
    assert "affinity" not in placed(affinity={})


def test_tolerations_and_priority_are_passed_on() -> None:
    toleration = {"key": "ledger", "effect": "NoExecute", "tolerationSeconds": 60}
    found = placed(tolerations=[toleration], priorityClassName="high")
    assert found["tolerations"] == [toleration]
    assert found["priorityClassName"] == "high"


def test_nothing_is_asked_of_the_scheduler_but_the_spread_by_default() -> None:
    assert spec_of().keys() & {"nodeSelector", "tolerations", "priorityClassName"} == set()
    assert "resources" not in container(spec_of())


def test_resources_are_written_as_kubernetes_keeps_them() -> None:
    found = spec_of(resources={"requests": {"cpu": 2}, "limits": {"memory": "8Gi"}})
    assert container(found)["resources"] == {
        "requests": {"cpu": "2"},
        "limits": {"memory": "8Gi"},
    }


def test_the_image_comes_with_its_policy_and_secrets() -> None:
    plan = chains.plan(
        image={
            "repository": "registry.example/node",
            "tag": "v1",
            "pullPolicy": "Never",
            "pullSecrets": [{"name": "a"}, {"name": "b"}],
        }
    )
    spec = template(plan)["spec"]
    assert container(spec)["image"] == "registry.example/node:v1"
    assert container(spec)["imagePullPolicy"] == "Never"
    assert spec["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]
    assert "imagePullSecrets" not in template(chains.plan())["spec"]
