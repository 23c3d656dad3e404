"""What the chart installs."""

import shutil
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import models

from consortium_operator.chain.naming import CHAIN_LABEL
from tests.charts import CHART, KUBE_VERSION, NAMESPACE, RELEASE, Chart, of_kind, only, parse
from tests.restricted import violations

ROOT = Path(__file__).parents[3]
ASK_HEALTH = CHART / "files" / "ask_health.py"
DIGEST = "sha256:" + "a" * 64
EVERY_VALUE: dict[str, Any] = {
    "chainNamespaces": ["chains", "more-chains"],
    "imageCatalogue": {"3.16.4": f"registry.example:5000/fisco-bcos@{DIGEST}"},
    "image": {"digest": DIGEST, "pullPolicy": "Never", "pullSecrets": [{"name": "registry"}]},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "system-cluster-critical",
    "scope": "Namespaced",
    "replicas": 2,
    "networkPolicy": {"metricsFrom": [{"podSelector": {}}], "apiServerPorts": [12345]},
    "commonLabels": {"team": "ledger"},
    "commonAnnotations": {"example.com/owner": "ledger", "example.com/tier": "one"},
    "podLabels": {"mesh": "in", "team": "pods"},
    "podAnnotations": {"example.com/tier": "two"},
}
# What people choose between, each alone; EVERY_VALUE has it all.
KINDS_OF_INSTALLATION: list[dict[str, Any]] = [
    {},
    {"chainNamespaces": ["*"]},
    {"replicas": 2},
    {"scope": "Namespaced", "chainNamespaces": ["chains"]},
    {"networkPolicy": {"enabled": False}, "installCRD": False},
    EVERY_VALUE,
]
MODELS: dict[str, Any] = {
    "ClusterRole": models.V1ClusterRole,
    "ClusterRoleBinding": models.V1ClusterRoleBinding,
    "ConfigMap": models.V1ConfigMap,
    "Deployment": models.V1Deployment,
    "NetworkPolicy": models.V1NetworkPolicy,
    "Pod": models.V1Pod,
    "PodDisruptionBudget": models.V1PodDisruptionBudget,
    "Role": models.V1Role,
    "RoleBinding": models.V1RoleBinding,
    "Service": models.V1Service,
    "ServiceAccount": models.V1ServiceAccount,
    "ValidatingAdmissionPolicy": models.V1ValidatingAdmissionPolicy,
    "ValidatingAdmissionPolicyBinding": models.V1ValidatingAdmissionPolicyBinding,
}


def pod(chart: Chart, **values: Any) -> dict[str, Any]:
    found: dict[str, Any] = only(chart.objects(**values), "Deployment")["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("values", KINDS_OF_INSTALLATION)
def test_helm_finds_nothing_wrong(chart: Chart, values: dict[str, Any]) -> None:
    assert "0 chart(s) failed" in chart.lint(**values)


@pytest.mark.parametrize("values", KINDS_OF_INSTALLATION)
def test_kubernetes_knows_every_field(chart: Chart, values: dict[str, Any]) -> None:
    for found in chart.objects(**values):
        if found["kind"] != "CustomResourceDefinition":
            MODELS[found["kind"]].model_validate(found)


def test_the_same_values_give_the_same_text(chart: Chart) -> None:
    assert chart.text(EVERY_VALUE) == chart.text(EVERY_VALUE)


def test_all_pods_pass_pod_security_restricted(chart: Chart) -> None:
    assert violations(pod(chart, **EVERY_VALUE)) == []
    assert violations(only(chart.objects(**EVERY_VALUE), "Pod")["spec"]) == []


def test_the_pod_cannot_write_to_disk(chart: Chart) -> None:
    spec = pod(chart)
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    writable = [v for v in spec["volumes"] if "configMap" not in v]
    assert writable == [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}}]


def test_one_replica_ends_before_the_next_begins(chart: Chart) -> None:
    spec = only(chart.objects(), "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert not [one for one in pod(chart)["containers"][0]["args"] if "lease" in one]
    assert of_kind(chart.objects(), "PodDisruptionBudget") == []
    assert "affinity" not in pod(chart)


def test_of_two_replicas_one_waits_for_the_lease_and_one_is_always_there(chart: Chart) -> None:
    objects = chart.objects(replicas=2)
    spec = only(objects, "Deployment")["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}
    assert f"--lease={RELEASE}" in pod(chart, replicas=2)["containers"][0]["args"]
    budget = only(objects, "PodDisruptionBudget")["spec"]
    assert budget["minAvailable"] == 1
    assert budget["selector"] == spec["selector"]


def test_two_replicas_prefer_two_hosts_unless_told_otherwise(chart: Chart) -> None:
    wish = "preferredDuringSchedulingIgnoredDuringExecution"
    (term,) = pod(chart, replicas=2)["affinity"]["podAntiAffinity"][wish]
    assert term["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"
    spec = only(chart.objects(replicas=2), "Deployment")["spec"]
    assert term["podAffinityTerm"]["labelSelector"] == spec["selector"]
    assert pod(chart, **EVERY_VALUE)["affinity"] == EVERY_VALUE["affinity"]


def test_in_named_namespaces_it_watches_these_and_no_others(chart: Chart) -> None:
    def watched(**values: Any) -> list[str]:
        arguments = pod(chart, **values)["containers"][0]["args"]
        return [one for one in arguments if one.startswith("--namespace")]

    assert watched(chainNamespaces=["a", "b"]) == []
    named = watched(chainNamespaces=["a", "b"], scope="Namespaced")
    assert named == ["--namespace=a", "--namespace=b"]


def test_the_probes_ask_the_port_that_the_operator_listens_on(chart: Chart) -> None:
    container = pod(chart)["containers"][0]
    assert "--listen=:8080" in container["args"]
    assert "--log-level=info" in container["args"]
    assert container["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}


def test_the_operator_learns_its_namespace(chart: Chart) -> None:
    (variable,) = pod(chart)["containers"][0]["env"]
    assert variable["name"] == "POD_NAMESPACE"
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.namespace"


def test_only_the_deployment_gets_a_token(chart: Chart) -> None:
    objects = chart.objects()
    assert only(objects, "ServiceAccount")["automountServiceAccountToken"] is False
    template = only(objects, "Deployment")["spec"]["template"]["spec"]
    assert template["automountServiceAccountToken"] is True
    assert template["serviceAccountName"] == only(objects, "ServiceAccount")["metadata"]["name"]


def test_the_chains_network_policies_find_the_operator(chart: Chart) -> None:
    labels = only(chart.objects(), "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "consortium-operator"


def test_the_image_catalogue_is_the_value(chart: Chart) -> None:
    objects = chart.objects(**EVERY_VALUE)
    catalogue = only(objects, "ConfigMap")
    text = catalogue["data"]["image-catalogue.yaml"]
    assert yaml.safe_load(text) == EVERY_VALUE["imageCatalogue"]
    spec = only(objects, "Deployment")["spec"]["template"]["spec"]
    name = next(v["configMap"]["name"] for v in spec["volumes"] if v["name"] == "image-catalogue")
    mount = next(m for m in spec["containers"][0]["volumeMounts"] if m["name"] == "image-catalogue")
    assert name == catalogue["metadata"]["name"]
    assert (
        f"--image-catalogue={mount['mountPath']}/image-catalogue.yaml"
        in (spec["containers"][0]["args"])
    )


def test_an_empty_image_catalogue_is_an_empty_map(chart: Chart) -> None:
    text = only(chart.objects(), "ConfigMap")["data"]["image-catalogue.yaml"]
    assert yaml.safe_load(text) == {}


def test_a_new_catalogue_restarts_the_operator(chart: Chart) -> None:
    def annotations(**values: Any) -> Any:
        objects = chart.objects(**values)
        return only(objects, "Deployment")["spec"]["template"]["metadata"]["annotations"]

    assert annotations() != annotations(**EVERY_VALUE)
    assert annotations() == annotations(replicas=2)


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ({}, "consortium-operator:0.1.0"),
        ({"repository": "r.example/o", "tag": "1.2.3"}, "r.example/o:1.2.3"),
        ({"repository": "r.example/o", "tag": "1", "digest": DIGEST}, f"r.example/o@{DIGEST}"),
    ],
)
def test_a_digest_wins_over_the_tag_and_the_tag_over_the_charts_version(
    chart: Chart, image: dict[str, Any], reference: str
) -> None:
    assert pod(chart, image=image)["containers"][0]["image"] == reference


def generated_crd() -> dict[str, Any]:
    path = ROOT / "crds" / "consortium.dev_consortiumchains.yaml"
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def test_the_resource_definition_is_the_generated_one_and_outlives_whatever_installed_it(
    chart: Chart,
) -> None:
    crd = only(chart.objects(), "CustomResourceDefinition")
    assert crd == generated_crd()
    assert crd["metadata"]["annotations"] == {
        "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
        "helm.sh/resource-policy": "keep",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
    }


def test_labels_and_annotations_change_nothing_else_of_the_resource_definition(
    chart: Chart,
) -> None:
    crd = only(chart.objects(**EVERY_VALUE), "CustomResourceDefinition")
    assert crd["metadata"].pop("labels") == EVERY_VALUE["commonLabels"]
    assert crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    for name in EVERY_VALUE["commonAnnotations"]:
        crd["metadata"]["annotations"].pop(name)
    assert crd == generated_crd()


def test_the_resource_definition_may_be_left_to_others(chart: Chart) -> None:
    assert of_kind(chart.objects(installCRD=False), "CustomResourceDefinition") == []


def test_every_object_carries_the_common_labels_and_annotations(chart: Chart) -> None:
    objects = chart.objects(**EVERY_VALUE)
    template = only(objects, "Deployment")["spec"]["template"]
    for found in [*objects, {"kind": "pod template", **template}]:
        metadata = found["metadata"]
        assert metadata["labels"]["team"] in ("ledger", "pods"), found["kind"]
        assert metadata["annotations"]["example.com/owner"] == "ledger", found["kind"]


def test_the_pods_own_labels_and_annotations_win(chart: Chart) -> None:
    metadata = only(chart.objects(**EVERY_VALUE), "Deployment")["spec"]["template"]["metadata"]
    assert metadata["labels"]["mesh"] == "in"
    assert metadata["labels"]["team"] == "pods"
    assert metadata["annotations"]["example.com/tier"] == "two"
    assert "checksum/image-catalogue" in metadata["annotations"]


# Its NetworkPolicies: who is let in, and whom it reaches.


def policy(chart: Chart, name: str = RELEASE, **values: Any) -> dict[str, Any]:
    found = of_kind(chart.objects(**values), "NetworkPolicy")
    spec: dict[str, Any] = next(o["spec"] for o in found if o["metadata"]["name"] == name)
    return spec


def test_nobody_but_the_test_pod_and_those_that_are_named_reads_the_metrics(chart: Chart) -> None:
    health = only(chart.objects(), "Pod")["metadata"]["labels"]
    (rule,) = policy(chart)["ingress"]
    assert rule["ports"] == [{"port": 8080, "protocol": "TCP"}]
    (test,) = rule["from"]
    assert test["podSelector"]["matchLabels"].items() <= health.items()
    (more,) = policy(chart, **EVERY_VALUE)["ingress"]
    assert more["from"][1:] == EVERY_VALUE["networkPolicy"]["metricsFrom"]


def test_it_reaches_dns_the_api_server_and_the_nodes_of_chains(chart: Chart) -> None:
    def ports(rule: dict[str, Any]) -> set[int]:
        return {port["port"] for port in rule["ports"]}

    dns, api_server, nodes = policy(chart)["egress"]
    assert (ports(dns), ports(api_server)) == ({53}, {443, 6443})
    (nodes_of_chains,) = nodes["to"]
    assert nodes_of_chains == {
        "podSelector": {"matchExpressions": [{"key": CHAIN_LABEL, "operator": "Exists"}]},
        "namespaceSelector": {},
    }
    assert ports(policy(chart, **EVERY_VALUE)["egress"][1]) == {12345}


def test_in_named_namespaces_it_reaches_no_node_elsewhere(chart: Chart) -> None:
    (nodes,) = policy(chart, **EVERY_VALUE)["egress"][2]["to"]
    (where,) = nodes["namespaceSelector"]["matchExpressions"]
    assert where["values"] == EVERY_VALUE["chainNamespaces"]


def test_every_pod_has_a_policy_and_each_policy_pods(chart: Chart) -> None:
    objects = chart.objects()
    pods = [only(objects, "Deployment")["spec"]["template"], only(objects, "Pod")]
    for found in pods:
        labels = found["metadata"]["labels"].items()
        selectors = [o["spec"]["podSelector"] for o in of_kind(objects, "NetworkPolicy")]
        assert sum(one["matchLabels"].items() <= labels for one in selectors) == 1


# The pod of `helm test`.


def test_it_is_made_by_helm_test_only_and_goes_when_all_is_well(chart: Chart) -> None:
    found = only(chart.objects(), "Pod")["metadata"]["annotations"]
    assert found["helm.sh/hook"] == "test"
    assert set(found["helm.sh/hook-delete-policy"].split(",")) == {
        "before-hook-creation",
        "hook-succeeded",
    }


def test_it_is_not_taken_for_the_operator(chart: Chart) -> None:
    """Neither by the Deployment and its Service, nor by the nodes, which let the operator in."""
    objects = chart.objects()
    labels = only(objects, "Pod")["metadata"]["labels"]
    selector = only(objects, "Deployment")["spec"]["selector"]["matchLabels"]
    assert not selector.items() <= labels.items()
    assert labels["app.kubernetes.io/name"] != RELEASE


def test_it_asks_the_operator_by_its_service_with_the_operators_own_image(chart: Chart) -> None:
    objects = chart.objects()
    (container,) = only(objects, "Pod")["spec"]["containers"]
    service = only(objects, "Service")
    (port,) = service["spec"]["ports"]
    address = f"http://{service['metadata']['name']}.{NAMESPACE}.svc:{port['port']}"
    assert container["command"][-1] == address
    assert container["image"] == pod(chart)["containers"][0]["image"]
    assert container["command"][2].strip() == ASK_HEALTH.read_text("utf-8").strip()


def test_all_objects_are_in_the_release_namespace_or_the_chains(chart: Chart) -> None:
    for found in chart.objects(**EVERY_VALUE):
        namespace = found["metadata"].get("namespace", NAMESPACE)
        assert namespace in {NAMESPACE, "chains", "more-chains"}


def test_another_release_name_stays_in_the_names(chart: Chart) -> None:
    objects = parse(chart.text({}, release="blue"))
    names = {
        found["metadata"]["name"]
        for found in objects
        if not of_kind([found], "CustomResourceDefinition")
    }
    assert all(name.startswith(f"blue-{RELEASE}") for name in names)
    # Its NetworkPolicies-facing label must not follow the release.
    labels = only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == RELEASE


def test_the_notes_of_a_clones_chart_say_that_its_image_is_of_no_registry(
    chart: Chart, tmp_path: Path
) -> None:
    """`helm template` shows no notes: here they are a template like others."""
    copy = tmp_path / CHART.name
    shutil.copytree(CHART, copy)
    notes = (copy / "templates/NOTES.txt").rename(copy / "templates/notes.yaml")
    notes.write_text("notes: |\n" + textwrap.indent(notes.read_text("utf-8"), "  "))
    words = ("template", "one", str(copy), f"--kube-version={KUBE_VERSION}")
    shown = chart.run(*words, "--show-only=templates/notes.yaml")
    assert "Its image consortium-operator:" in shown
    assert "is of no registry" in shown
