"""`docker` and `kind` as far as the kind back end uses them, by the name that the program has.

Run by programs of their own, so it imports nothing of the tests. What exists is in files beside
them: `containers.json`, and `images-CONTAINER` with a name and a digest per line. `calls` gets
every command; `refuse-WORD-WORD` holds what a command says instead of working, `version` what the
engine answers. Texts are what the real programs print.

A test runs it some twenty times, each time in a Python of its own: so it imports next to nothing.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HERE = os.path.dirname(os.path.abspath(sys.argv[0]))
LABELS = ("io.x-k8s.kind.cluster", "io.x-k8s.kind.role")


def main() -> None:
    program, words = os.path.basename(sys.argv[0]), sys.argv[1:]
    with open(here("calls"), "a") as calls:
        calls.write(json.dumps([program, *words]) + "\n")
    refusal = text_of("-".join(["refuse", program, *words[:1]]))
    if refusal is not None:
        sys.stderr.write(refusal)
        sys.exit(1)
    (docker if program == "docker" else kind)(words)


def docker(words: list[str]) -> None:
    containers = read()
    match words:
        case ["version", *_]:
            print(text_of("version"))
        case ["ps", "--all", "--quiet", "--filter", wanted]:
            cluster = wanted.rpartition("=")[2]
            chosen = [name for name, each in containers.items() if each["cluster"] == cluster]
            print("\n".join(f"id-of-{name}" for name in chosen))
        case ["inspect", *ids]:
            print(json.dumps([inspected(each.removeprefix("id-of-")) for each in ids]))
        case ["start", *names]:
            write({**containers, **{name: {**containers[name], "pid": 77} for name in names}})
        case ["rm", "--force", "--volumes", *names]:
            write({name: each for name, each in containers.items() if name not in names})
        case ["exec", "--interactive", name, *command] | ["exec", name, *command]:
            execute(name, command)
        case ["build", "--quiet", *_]:
            print("sha256:" + "ab" * 32)
        case ["save", output, name]:
            save(output.partition("=")[2], name)
        case ["tag" | "cp", *_]:
            pass
        case _:
            sys.exit(f"unknown command: docker {' '.join(words)}")


def kind(words: list[str]) -> None:
    name = next((each[7:] for each in words if each.startswith("--name=")), "")
    match words:
        case ["version"]:
            print(text_of("kind-version"))
        case ["create", "cluster", *_]:
            config = sys.stdin.read()
            put("config", config)
            workers = range(1, 1 + config.count("role: worker"))
            made = [f"{name}-control-plane"]
            made += [f"{name}-worker{'' if number == 1 else number}" for number in workers]
            fresh = {each: {"cluster": name, "pid": 42, "whole": False} for each in made}
            write({**read(), **fresh})
            write_kubeconfig(words)
            sys.stderr.write(f'Creating cluster "{name}" ...\n')
        case ["export", "kubeconfig", *_]:
            write_kubeconfig(words)
            sys.stderr.write(f'Set kubectl context to "kind-{name}"\n')
        case _:
            sys.exit(f'ERROR: unknown command "{words}" for "kind"')


def inspected(name: str) -> dict[str, Any]:
    each = read()[name]
    role = "control-plane" if name.endswith("-control-plane") else "worker"
    labels = dict(zip(LABELS, (each["cluster"], role), strict=True))
    state = {"Running": each["pid"] > 0, "Pid": each["pid"]}
    return {"Name": f"/{name}", "State": state, "Config": {"Labels": labels}}


def execute(name: str, command: list[str]) -> None:
    containers = read()
    if not containers[name]["pid"]:
        sys.exit(f"Error response from daemon: container {name} is not running")
    match command:
        case ["sh", "-c", _]:
            print("whole" if containers[name]["whole"] else "unfinished")
        case ["touch", _]:
            write({**containers, name: {**containers[name], "whole": True}})
        case ["kubectl", _, *words]:
            kubectl(containers, words)
        case ["ctr", "--namespace", "k8s.io", "images", *words]:
            ctr(f"images-{name}", words)
        case ["cp", "/dev/stdin", path]:
            put(os.path.basename(path), sys.stdin.read())


def kubectl(containers: dict[str, dict[str, Any]], words: list[str]) -> None:
    made = json.loads(text_of("fake-nodes") or "[]")
    match words:
        case ["get", "nodes", "--output=json"]:
            late = (text_of("late") or "").split()
            items = [kubernetes_node(each, {}, each not in late) for each in containers]
            items += [kubernetes_node(each, {"type": "kwok"}, True) for each in made]
            print(json.dumps({"items": items}))
        case ["get", "nodes", "--selector=type=kwok", "--output=name"]:
            print("\n".join(f"node/{each}" for each in made))
        case ["apply", "--server-side", "--filename=-"]:
            items = json.load(sys.stdin).get("items", [])
            put("fake-nodes", json.dumps(made + [item["metadata"]["name"] for item in items]))
        case ["delete", "node", "--ignore-not-found", *names]:
            put("fake-nodes", json.dumps([each for each in made if each not in names]))


def kubernetes_node(name: str, labels: dict[str, str], ready: bool) -> dict[str, Any]:
    condition = {"type": "Ready", "status": str(ready)}
    return {
        "metadata": {"name": name, "labels": labels},
        "status": {"conditions": [condition]},
    }


def ctr(images: str, words: list[str]) -> None:
    lines = (text_of(images) or "").splitlines()
    match words:
        case ["list", "--quiet", wanted]:
            print(
                "\n".join(line.split()[0] for line in lines if f"name=={line.split()[0]}" == wanted)
            )
        case ["list", wanted]:
            print("REF TYPE DIGEST SIZE PLATFORMS LABELS")
            print("\n".join(line for line in lines if f"name=={line.split()[0]}" == wanted))
        case ["import", "--local", "--digests", "--base-name", repository, "-"]:
            import io
            import tarfile

            with tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read())) as tar:
                index = tar.extractfile("index.json")
                assert index is not None
                (manifest,) = json.load(index)["manifests"]
            digest = manifest["digest"]
            tagged = manifest["annotations"]["io.containerd.image.name"]
            put(images, f"{tagged} {digest}\n{repository}@{digest} {digest}\n")


def save(target: str, name: str) -> None:
    """As `docker save` writes it: an OCI layout, beside what older versions read."""
    import io
    import tarfile

    annotations = {"io.containerd.image.name": name}
    manifest = {"digest": "sha256:" + "cd" * 32, "annotations": annotations}
    index = json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode()
    with tarfile.open(target, "w") as tar:
        for file, content in (("manifest.json", b"[]"), ("index.json", index)):
            entry = tarfile.TarInfo(file)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def write_kubeconfig(words: list[str]) -> None:
    path = next(each.partition("=")[2] for each in words if each.startswith("--kubeconfig="))
    with open(path, "w") as stream:
        stream.write("kind: Config\n")


def read() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(text_of("containers.json") or "{}")
    return found


def write(containers: dict[str, dict[str, Any]]) -> None:
    put("containers.json", json.dumps(containers))


def here(name: str) -> str:
    return os.path.join(HERE, name)


def text_of(name: str) -> str | None:
    try:
        with open(here(name)) as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def put(name: str, text: str) -> None:
    with open(here(name), "w") as stream:
        stream.write(text)
