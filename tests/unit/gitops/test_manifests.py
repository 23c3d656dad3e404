"""The manifests for Argo CD and Flux name what there is, and take no chain away.

Their controllers judge them; no registry serves these as a library that is small. What is ours in
them is judged here.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from consortium_operator.api.kept import KEPT_BY_PIPELINES
from consortium_sandbox import tool_path
from tests.charts import CHART, Chart, only
from tests.resources import REPOSITORY

Body = dict[str, Any]

FILES = sorted((REPOSITORY / "gitops").glob("*/*.yaml"))
OPERATORS = [path for path in FILES if path.stem == "operator"]
VERSION = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["version"]


def all_of(kind: str) -> list[Body]:
    found = [one for path in FILES for one in yaml.safe_load_all(path.read_text("utf-8"))]
    return [one for one in found if one["kind"] == kind]


def one_of(kind: str, name: str) -> Body:
    (found,) = (one for one in all_of(kind) if one["metadata"]["name"] == name)
    return found


def test_there_is_a_file_for_the_operator_and_one_for_the_chains_of_each() -> None:
    names = [str(path.relative_to(REPOSITORY / "gitops")) for path in FILES]
    assert names == [f"{tool}/{what}.yaml" for tool in ("argocd", "flux") for what in NAMES]


NAMES = ("chains", "operator")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_it_says_what_it_is_for(path: Path) -> None:
    assert path.read_text("utf-8").startswith("# The ")


def test_both_install_the_chart_of_this_version_with_values_that_it_takes() -> None:
    argo = one_of("Application", "consortium-operator")["spec"]
    flux = one_of("HelmRelease", "consortium-operator")["spec"]
    source = one_of("GitRepository", "consortium-operator")["spec"]
    assert argo["source"]["targetRevision"] == source["ref"]["tag"] == f"v{VERSION}"
    here = str(CHART.relative_to(REPOSITORY))
    assert argo["source"]["path"] == flux["chart"]["spec"]["chart"] == here
    assert argo["source"]["helm"]["valuesObject"] == flux["values"]
    objects = Chart(tool_path("helm")).objects(**flux["values"])
    bound = [one for one in objects if one["kind"] == "RoleBinding"]
    chains = one_of("Application", "consortium-chains")["spec"]["destination"]["namespace"]
    assert {one["metadata"]["namespace"] for one in bound} == {chains}
    (container,) = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert "/" in container["image"], "no registry has the chart's default"


@pytest.mark.parametrize("path", OPERATORS, ids=lambda path: path.parent.name)
def test_the_namespace_in_which_the_chart_binds_rights_is_made_before_it(path: Path) -> None:
    first = next(yaml.safe_load_all(path.read_text("utf-8")))
    chains = one_of("Application", "consortium-chains")["spec"]["destination"]["namespace"]
    assert (first["kind"], first["metadata"]["name"]) == ("Namespace", chains)


def test_no_pipeline_prunes_a_namespace_of_chains() -> None:
    """All keys and ledgers in it would go."""
    shipped = [*OPERATORS, *(REPOSITORY / "deploy" / "example").glob("*.yaml")]
    shipped += (REPOSITORY / "examples").glob("*.yaml")
    found = [one for path in shipped for one in yaml.safe_load_all(path.read_text("utf-8"))]
    namespaces = [one["metadata"] for one in found if one["kind"] == "Namespace"]
    assert len(namespaces) == 4
    kept = {mark: value for mark, value in KEPT_BY_PIPELINES.items() if "helm" not in mark}
    for metadata in namespaces:
        assert kept.items() <= metadata.get("annotations", {}).items(), metadata["name"]


def test_no_pipeline_ends_a_chain_because_a_file_is_gone() -> None:
    for application in all_of("Application"):
        assert application["spec"]["syncPolicy"]["automated"]["prune"] is False
        assert "finalizers" not in application["metadata"]
    for kustomization in all_of("Kustomization"):
        assert kustomization["spec"]["prune"] is False


def test_argo_compares_and_applies_as_the_api_server_does() -> None:
    """Else defaults inside lists look like differences."""
    chains = one_of("Application", "consortium-chains")
    compared = chains["metadata"]["annotations"]["argocd.argoproj.io/compare-options"]
    assert compared == "ServerSideDiff=true"
    assert "ServerSideApply=true" in chains["spec"]["syncPolicy"]["syncOptions"]


def test_every_source_that_flux_names_is_there() -> None:
    sources = {one["metadata"]["name"] for one in all_of("GitRepository")}
    named = {one["spec"]["sourceRef"]["name"] for one in all_of("Kustomization")}
    named |= {one["spec"]["chart"]["spec"]["sourceRef"]["name"] for one in all_of("HelmRelease")}
    assert named == sources
