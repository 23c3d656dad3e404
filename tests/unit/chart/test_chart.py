"""What the chart installs."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import models

from tests.charts import CHART, NAMESPACE, RELEASE, Chart, of_kind, only, parse
from tests.restricted import violations

ROOT = Path(__file__).parents[3]
DIGEST = "sha256:" + "a" * 64
EVERY_VALUE: dict[str, Any] = {
    "chainNamespaces": ["chains", "more-chains"],
    "imageCatalogue": {"3.16.4": f"registry.example:5000/fisco-bcos@{DIGEST}"},
    "image": {"digest": DIGEST, "pullPolicy": "Never", "pullSecrets": [{"name": "registry"}]},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "system-cluster-critical",
}
MODELS: dict[str, Any] = {
    "ClusterRole": models.V1ClusterRole,
    "ClusterRoleBinding": models.V1ClusterRoleBinding,
    "ConfigMap": models.V1ConfigMap,
    "Deployment": models.V1Deployment,
    "RoleBinding": models.V1RoleBinding,
    "Service": models.V1Service,
    "ServiceAccount": models.V1ServiceAccount,
    "ValidatingAdmissionPolicy": models.V1ValidatingAdmissionPolicy,
    "ValidatingAdmissionPolicyBinding": models.V1ValidatingAdmissionPolicyBinding,
}


def pod(chart: Chart, **values: Any) -> dict[str, Any]:
    found: dict[str, Any] = only(chart.objects(**values), "Deployment")["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("values", [{}, {"chainNamespaces": ["*"]}, EVERY_VALUE])
def test_helm_finds_nothing_wrong(chart: Chart, values: dict[str, Any]) -> None:
    assert "0 chart(s) failed" in chart.lint(**values)


@pytest.mark.parametrize("values", [{}, {"chainNamespaces": ["*"]}, EVERY_VALUE])
def test_kubernetes_knows_every_field(chart: Chart, values: dict[str, Any]) -> None:
    for found in chart.objects(**values):
        if found["kind"] != "CustomResourceDefinition":
            MODELS[found["kind"]].model_validate(found)


def test_the_same_values_give_the_same_text(chart: Chart) -> None:
    assert chart.text(EVERY_VALUE) == chart.text(EVERY_VALUE)


def test_the_pod_passes_pod_security_restricted(chart: Chart) -> None:
    assert violations(pod(chart, **EVERY_VALUE)) == []


def test_the_pod_cannot_write_to_disk(chart: Chart) -> None:
    spec = pod(chart)
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    writable = [v for v in spec["volumes"] if "configMap" not in v]
    assert writable == [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}}]


def test_two_operators_never_run_at_once(chart: Chart) -> None:
    spec = only(chart.objects(), "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


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
    assert annotations() == annotations(resources={})


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


def test_the_resource_definition_is_the_generated_one_and_outlives_the_release(
    chart: Chart,
) -> None:
    crd = only(chart.objects(), "CustomResourceDefinition")
    generated = ROOT / "crds" / "consortium.dev_consortiumchains.yaml"
    assert crd == yaml.safe_load(generated.read_text(encoding="utf-8"))
    assert crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"chainNamespace": ["chains"]}, "chainNamespace"),
        ({"chainNamespaces": "chains"}, "chainNamespaces"),
        ({"chainNamespaces": ["*", "chains"]}, "chainNamespaces"),
        ({"chainNamespaces": ["Chains"]}, "chainNamespaces"),
        ({"imageCatalogue": {"v3.16.4": "r/i:1"}}, "v3.16.4"),
        ({"imageCatalogue": {"3.16.4": "r/i:latest"}}, "imageCatalogue"),
        ({"imageCatalogue": {"3.16.4": "r/i"}}, "imageCatalogue"),
        ({"image": {"digest": "sha256:12"}}, "image/digest"),
        ({"image": {"pullPolicy": "Sometimes"}}, "image/pullPolicy"),
    ],
)
def test_a_wrong_value_is_refused_by_name(chart: Chart, values: dict[str, Any], field: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        chart.text(values)
    assert field in refused.value.stderr


def test_every_value_has_a_default_and_stands_in_the_schema() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert values.keys() == schema["properties"].keys() - {"global"}


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
