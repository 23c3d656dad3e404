"""One render from its order to the directory, in the order in which nothing can be lost: look at
what is there, render in memory, keep the identities, write the output."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.api.moment import rfc3339
from consortium_operator.chain.files import Port
from consortium_operator.chain.plan import Plan, Settings, make_plan
from consortium_operator.chain.standalone import Host, Place, cautions, place_nodes
from consortium_operator.engines.protocol import Engine
from consortium_operator.manifests import Manifest
from consortium_operator.offline import keeping
from consortium_operator.offline.output import Output, OutputRefused
from consortium_operator.offline.rendering import RenderedNode, Rendering, Surroundings, render
from consortium_operator.offline.tree import tree_of


@dataclass(frozen=True, slots=True)
class Standalone:
    """Hosts for nodes that run as processes, and the first ports on each of them."""

    hosts: tuple[Host, ...]
    p2p_port: int
    rpc_port: int


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be rendered, where to, and whose keys it has. `identities`: None means those of
    an earlier render in `output`."""

    chain: ConsortiumChain
    settings: Settings
    output: Path
    identities: Path | None = None
    standalone: Standalone | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was done. `made`: names of the Secrets that were not there before; `changed`: whether
    the output differs from what was there."""

    rendering: Rendering
    places: Mapping[str, Place]
    files: Mapping[str, int]
    made: tuple[str, ...]
    changed: bool
    cautions: tuple[str, ...]

    def summary(self) -> dict[str, Any]:
        """For people and programs: nothing private, and in a fixed order."""
        plan, seal = self.rendering.plan, self.rendering.seal
        quorum = plan.quorum
        return {
            "chain": str(plan.key),
            "changed": self.changed,
            "files": dict(self.files),
            "made": list(self.made),
            "genesis": {"sha256": seal.sha256},
            "quorum": {
                "totalWeight": quorum.total_weight,
                "required": quorum.required,
                "mayFail": quorum.faulty,
            },
            "nodes": [self._node(one) for one in self.rendering.nodes],
            "notes": list(self.cautions),
        }

    def _node(self, rendered: RenderedNode) -> dict[str, str]:
        node, until = rendered.node, rendered.held.facts.not_after
        found = {
            "node": node.path,
            "nodeId": self.rendering.custody.nodes[node.names.node].node_id,
            "certificateExpires": rfc3339(until),
        }
        place = self.places.get(node.path)
        if place is None:
            return found
        return found | {
            "directory": f"nodes/{place.directory}",
            **{port: place.endpoint(port) for port in place.ports},
        }


def carry_out(order: Order, surroundings: Surroundings) -> Rendered:
    """Raises NoPlace, OutputRefused, Unusable, CannotRender and OSError; then the output is what
    it was."""
    engine = surroundings.engines[order.chain.spec.engine.value]
    settings, assumed = _settings(order, engine)
    plan = make_plan(order.chain, settings)
    places = _places(plan, order.standalone, engine)
    output = Output(order.output, plan.key, frozenset({keeping.SECRETS}))
    is_earlier = output.check()
    home = _home(order)
    kept = keeping.load(home, plan.key) if home is not None else _earlier(output, is_earlier)
    rendering = render(plan, kept, surroundings)
    tree = tree_of(rendering, places)
    output.refuse_lost_keys(tree)
    if home is not None:
        keeping.add(home, kept, rendering)
    changed = output.write(tree)
    return Rendered(
        rendering=rendering,
        places=places,
        files=dict(sorted(Counter(name.partition("/")[0] for name in tree).items())),
        made=_made(kept, rendering),
        changed=changed,
        cautions=(
            *rendering.notes,
            *_image_caution(plan, assumed),
            *cautions(places),
            *_readable(home),
        ),
    )


def _settings(order: Order, engine: Engine) -> tuple[Settings, str | None]:
    """The settings by which the chain has an image in any case, and the image that was assumed:
    the public one, where neither the resource nor the catalogue names any."""
    version, known = order.chain.spec.version, order.settings.image_catalogue
    if order.chain.spec.image.repository is not None or version in known:
        return order.settings, None
    assumed = engine.public_image(version)
    return replace(order.settings, image_catalogue={**known, version: assumed}), assumed


def _places(plan: Plan, wanted: Standalone | None, engine: Engine) -> dict[str, Place]:
    if wanted is None:
        return {}
    first = (
        Port("p2p", wanted.p2p_port),
        Port("rpc", wanted.rpc_port),
        *engine.process(plan).for_clients,
    )
    return place_nodes(plan.nodes, wanted.hosts, first)


def _home(order: Order) -> Path | None:
    """The directory of identities, where it is not the output itself."""
    if order.identities is None:
        return None
    home, output = order.identities.resolve(), order.output.resolve()
    if home == output:
        return None
    if home in output.parents or output in home.parents:
        raise OutputRefused(
            f"{order.identities} and {order.output} lie one in the other: name directories apart"
        )
    return order.identities


def _earlier(output: Output, is_earlier: bool) -> tuple[Manifest, ...]:
    return keeping.load(output.path, output.chain) if is_earlier else ()


def _made(kept: tuple[Manifest, ...], rendering: Rendering) -> tuple[str, ...]:
    known = {keeping.file_name(one) for one in kept}
    return tuple(
        one["metadata"]["name"] for one in rendering.secrets if keeping.file_name(one) not in known
    )


def _image_caution(plan: Plan, assumed: str | None) -> tuple[str, ...]:
    if assumed is None:
        return ()
    return (
        f"no image is known for version {plan.spec.version}: the StatefulSets name {assumed}. "
        "The operator takes it from its catalogue: give that with --image-catalogue, or set "
        "spec.image",
    )


def _readable(home: Path | None) -> tuple[str, ...]:
    found = keeping.readable_by_others(home) if home is not None else []
    if not found:
        return ()
    return (f"{found[0]} can be read by others than its owner: chmod 600 {home}/secrets/*",)
