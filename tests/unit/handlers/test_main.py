"""How the operator is started: bad options end with one sentence that names the option."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from consortium_operator.handlers import logs, main


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("POD_NAMESPACE", raising=False)


def test_without_options_it_runs_inside_a_cluster() -> None:
    options, level = main._options([])
    assert (options.host, options.port, options.kubeconfig) == ("0.0.0.0", 8080, None)
    assert options.settings.operator_namespace == "consortium-system"
    assert dict(options.settings.image_catalogue) == {}
    assert level == "info"
    assert options.places == (None,)
    assert options.candidate is None


def test_the_surroundings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/somewhere/config")
    monkeypatch.setenv("POD_NAMESPACE", "ops")
    options, _ = main._options([])
    assert options.kubeconfig == Path("/somewhere/config")
    assert options.settings.operator_namespace == "ops"


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [
        (":9000", "0.0.0.0", 9000),
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("[::1]:8080", "::1", 8080),
        ("localhost:65535", "localhost", 65535),
    ],
)
def test_where_probes_are_answered(listen: str, host: str, port: int) -> None:
    options, _ = main._options(["--listen", listen])
    assert (options.host, options.port) == (host, port)


def test_named_namespaces_are_all_that_is_watched() -> None:
    options, _ = main._options(["--namespace=b", "--namespace=a", "--namespace=b"])
    assert options.places == ("b", "a")


def test_each_process_wants_the_lease_under_a_name_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POD_NAMESPACE", "ops")
    one, another = (main._options(["--lease=op"])[0].candidate for _ in range(2))
    assert one is not None
    assert another is not None
    assert str(one.key) == str(another.key) == "Lease ops/op"
    assert one.me != another.me


def test_the_catalogue_maps_versions_to_images(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.yaml"
    file.write_text('"3.16.4": registry.example/node@sha256:abc\n')
    options, _ = main._options(["--image-catalogue", str(file)])
    assert options.settings.image_catalogue == {"3.16.4": "registry.example/node@sha256:abc"}


def test_an_empty_catalogue_is_none(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.yaml"
    file.write_text("")
    options, _ = main._options(["--image-catalogue", str(file)])
    assert options.settings.image_catalogue == {}


@pytest.mark.parametrize(
    "text", ["- a list", "3.16: image", '"3.16.4": 7', "{", '"3.16.4": {nested: x}']
)
def test_a_bad_catalogue_is_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "catalogue.yaml"
    file.write_text(text)
    with pytest.raises(SystemExit) as ended:
        main._options(["--image-catalogue", str(file)])
    assert ended.value.code == 2
    assert "--image-catalogue" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--listen", "host:"],
        ["--listen", "host:http"],
        ["--listen", ":0"],
        ["--listen", ":65536"],
        ["--log-level", "loud"],
        ["--image-catalogue", "/nowhere/at/all"],
        ["--unknown"],
    ],
    ids=" ".join,
)
def test_a_bad_option_is_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main._options(arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_the_process_reads_whatever_the_api_server_may_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A level of an object takes a call of the reader."""
    before = sys.getrecursionlimit()
    monkeypatch.setattr(logs, "configure", lambda level: None)
    monkeypatch.setattr(main, "_run_until_told", lambda operator: None)
    monkeypatch.setattr(asyncio, "run", lambda _: json.loads("[" * 9_999 + "]" * 9_999))
    try:
        main.main([])
    finally:
        sys.setrecursionlimit(before)
