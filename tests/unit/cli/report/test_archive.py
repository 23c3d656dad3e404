"""The archive of a report."""

import io
import tarfile

from consortium_operator.cli.report.archive import pack


def test_the_same_texts_make_the_same_bytes_in_any_order() -> None:
    files = {"b.txt": "two", "a/x.txt": "eins\n", "c.txt": "微众"}
    packed = pack("trade-report", files)
    assert packed == pack("trade-report", dict(reversed(files.items())))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        names = archive.getnames()
        assert names == ["trade-report/a/x.txt", "trade-report/b.txt", "trade-report/c.txt"]
        assert {one.uid for one in archive} == {0}
        content = archive.extractfile("trade-report/c.txt")
        assert content is not None
        assert content.read().decode() == "微众"
