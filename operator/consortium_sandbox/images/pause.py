"""The image of the process that holds a pod's namespaces open."""

import shutil
import tempfile
from pathlib import Path

from consortium_sandbox.embedded.node_components import PAUSE_IMAGE
from consortium_sandbox.go_tools import binary
from consortium_sandbox.images.oci import ImageConfig, write_archive, write_layer


def pause_archive() -> Path:
    """The archive, made beside the program it holds where it is not there yet."""
    program = binary("pause")
    archive = program.with_name("pause.tar")
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=program.parent) as scratch:
            tree = Path(scratch) / "tree"
            tree.mkdir()
            shutil.copy(program, tree / "pause")
            layer = write_layer(tree, Path(scratch) / "layer.tar")
            write_archive(archive, PAUSE_IMAGE, (layer,), ImageConfig(entrypoint=("/pause",)))
    return archive
