"""What a node's pod says of its chain, its node and what it mounts."""

from consortium_operator.kube.kinds import JsonObject


def chain_of(pod: JsonObject) -> tuple[str, str]:
    """By the genesis that its process has read: what anybody writes on the pod is nothing to it."""
    mounted = (
        source["configMap"]["name"]
        for volume in pod["spec"]["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
        if "configMap" in source
    )
    genesis = next((name for name in mounted if name.endswith("-genesis")), "")
    return genesis.removesuffix("-genesis"), pod["metadata"]["namespace"]


def node_of(pod: JsonObject) -> str:
    name: str = pod["metadata"]["name"]
    return name.removesuffix("-0")


def config_of(pod: JsonObject) -> str:
    name: str = next(
        source["configMap"]["name"]
        for volume in pod["spec"]["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
        if {"key": "config.ini", "path": "config.ini"}
        in source.get("configMap", {}).get("items", ())
    )
    return name


def claim_of(pod: JsonObject) -> str:
    claim: str = next(
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    )
    return f"{pod['metadata']['namespace']}/{claim}"
