"""In which zone and region a node is, by its number: the same on every back end."""

import string

ZONE_LABEL = "topology.kubernetes.io/zone"
REGION_LABEL = "topology.kubernetes.io/region"


def zone(index: int) -> str:
    """The zone of the node `index`, which counts from 1."""
    return f"zone-{string.ascii_lowercase[index - 1]}"


def region(index: int) -> str:
    """Two zones make a region, so that three nodes already span two regions."""
    return f"region-{string.ascii_lowercase[(index - 1) // 2]}"


def labels(index: int) -> dict[str, str]:
    """The labels by which Kubernetes knows both."""
    return {ZONE_LABEL: zone(index), REGION_LABEL: region(index)}
