"""What the operator's installation decides: its namespace, and which image runs which version."""

from collections.abc import Mapping

import yaml

OPERATOR_NAMESPACE = "consortium-system"
"""Where the chart's documents install the operator."""


def read_catalogue(text: str) -> Mapping[str, str]:
    """YAML: version → repository@digest or repository:tag. Raises ValueError, saying what is
    wrong."""
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"no readable YAML: {error}") from error
    if not isinstance(found, dict) or not all(
        isinstance(version, str) and isinstance(image, str) for version, image in found.items()
    ):
        raise ValueError("it must map versions in quotes to images")
    return found
