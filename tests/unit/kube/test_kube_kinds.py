import pytest

from consortium_operator.kube.kinds import (
    CHILD_KINDS,
    CONSORTIUM_CHAIN,
    NAMESPACE,
    SECRET,
    STATEFUL_SET,
    ObjectKey,
    key_of,
    kind_of,
)


def test_paths_are_those_of_the_api() -> None:
    in_chains = "namespaces/chains"
    assert SECRET.collection_path("chains") == f"/api/v1/{in_chains}/secrets"
    assert STATEFUL_SET.collection_path(None) == "/apis/apps/v1/statefulsets"
    assert ObjectKey(NAMESPACE, "", "chains").path == "/api/v1/namespaces/chains"
    assert (
        ObjectKey(CONSORTIUM_CHAIN, "chains", "trade").path
        == f"/apis/consortium.dev/v1alpha1/{in_chains}/consortiumchains/trade"
    )


def test_secrets_are_not_among_what_is_watched() -> None:
    assert SECRET not in CHILD_KINDS


def test_an_object_is_addressed_by_kind_namespace_and_name() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k", "namespace": "n"}}
    assert kind_of(secret) == SECRET
    assert key_of(secret) == ObjectKey(SECRET, "n", "k")
    assert str(key_of(secret)) == "Secret n/k"


@pytest.mark.parametrize("metadata", [{}, {"name": "k"}, {"namespace": "n"}])
def test_an_object_that_cannot_be_addressed_is_refused(metadata: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="without metadata"):
        key_of({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})


def test_a_kind_of_another_api_is_unknown() -> None:
    with pytest.raises(ValueError, match="unknown kind Secret in v2"):
        kind_of({"apiVersion": "v2", "kind": "Secret"})
