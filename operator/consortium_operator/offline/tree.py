"""What a render writes: the files of its directory, by path.

`manifests/` and `secrets/` are what the operator would apply. With places, `nodes/` holds a
directory for each node that its process can be started in, `sdk/` what a member's applications
connect with, `ca/` the members' authorities and `accounts/` the key of the first governor.
"""

import base64
from collections.abc import Iterator, Mapping

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.chain.standalone import Place
from consortium_operator.kube.kinds import CONFIG_MAP
from consortium_operator.manifests.identity import ClientKind
from consortium_operator.offline.keeping import file_name, file_of
from consortium_operator.offline.output import File
from consortium_operator.offline.rendering import RenderedNode, Rendering
from consortium_operator.reconcile.desired import material_of

_AUTHORITY_NAMES = {AuthorityKind.NODE: "ca", AuthorityKind.CLIENT: "client-ca"}
# Of a brought intermediate CA the Secret also holds the root.
_AUTHORITY_FILES = {"tls.key": ".key", "tls.crt": ".crt", "ca.crt": "-root.crt"}


def tree_of(rendering: Rendering, places: Mapping[str, Place]) -> dict[str, File]:
    """`places`: by node path; empty where nothing but a cluster is wanted."""
    found = {file_name(one): file_of(one) for one in (*rendering.manifests, *rendering.secrets)}
    if places:
        for files in (_nodes, _clients):
            found |= dict(files(rendering, places))
        found |= dict(_authorities(rendering)) | dict(_accounts(rendering))
    return found


def _nodes(rendering: Rendering, places: Mapping[str, Place]) -> Iterator[tuple[str, File]]:
    secrets = _private(rendering)
    for node in rendering.nodes:
        yield from _node(rendering, node, places, secrets)


def _node(
    rendering: Rendering,
    rendered: RenderedNode,
    places: Mapping[str, Place],
    secrets: Mapping[str, PrivateFiles],
) -> Iterator[tuple[str, File]]:
    node, custody = rendered.node, rendering.custody
    material = material_of(rendering.founded, node, rendered.held)
    home = f"nodes/{places[node.path].directory}"
    for file in rendering.engine.standalone_files(rendering.plan, rendering.seal, material, places):
        path = f"{home}/{file.path}"
        if file.path.endswith("/"):
            authorities = [
                custody.node_authorities[name] for name in sorted(custody.node_authorities)
            ]
            for name, pem in rendering.engine.trust(authorities).items():
                yield path + name, File(pem.encode())
        elif file.content is None:
            content = secrets[rendered.pod.sources[file.source]][file.key]
            yield path, File(content, is_private=True)
        else:
            yield path, File(file.content.encode())


def _clients(rendering: Rendering, _: Mapping[str, Place]) -> Iterator[tuple[str, File]]:
    """As an SDK looks for them: ca.crt is the CA of the member's nodes."""
    secrets = _private(rendering)
    public = {
        one["metadata"]["name"]: one["data"]
        for one in rendering.manifests
        if one["kind"] == CONFIG_MAP.kind
    }
    for member in rendering.plan.members:
        name = ClientKind.SDK.object_name(member)
        for file, content in secrets[name].items():
            yield f"sdk/{member.name}/{file}", File(content, is_private=True)
        for file, text in public[name].items():
            yield f"sdk/{member.name}/{file}", File(text.encode())


def _authorities(rendering: Rendering) -> Iterator[tuple[str, File]]:
    for (member, kind), files in sorted(rendering.authorities.items()):
        for name, content in files.items():
            path = f"ca/{member}/{_AUTHORITY_NAMES[kind]}{_AUTHORITY_FILES[name]}"
            yield path, File(content, is_private=not path.endswith(".crt"))


def _accounts(rendering: Rendering) -> Iterator[tuple[str, File]]:
    name = rendering.plan.key.admin
    account = rendering.custody.admins[name]
    for content in _private(rendering)[name].values():
        yield f"accounts/{account.address}.pem", File(content, is_private=True)


def _private(rendering: Rendering) -> dict[str, PrivateFiles]:
    """Secret → its files."""
    return {
        one["metadata"]["name"]: PrivateFiles(
            {name: base64.b64decode(text) for name, text in one["data"].items()}
        )
        for one in (*rendering.secrets, *rendering.found)
    }
