"""The wheel is everything it takes, and the files for containers and clusters say what they mean."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.config.base import read_key
from dashboard.config.organisations import read_organisations
from dashboard.organisation import enter
from dashboard.stack import parts
from scripts import compose
from scripts.supply import left_out, pinned
from tests.test_stack import environ, until

ROOT = Path(__file__).parent.parent
COMPOSE = compose.services()
MANIFESTS = [
    (path.name, document)
    for path in sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]


# The wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment that holds the wheel; everything it depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    home = folder / "venv"
    venv.create(home, with_pip=False)
    site = home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin/python"), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
    (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"], encoding="utf-8")
    for name in ("celery", "granian"):  # the scripts that their own wheels would have installed
        text = f"#!{home}/bin/python\nfrom {name}.{'__main__' if name == 'celery' else 'cli'} import "
        call = "main" if name == "celery" else "entrypoint"
        (home / "bin" / name).write_text(f"{text}{call}\n{call}()\n", encoding="utf-8")
        (home / "bin" / name).chmod(0o755)
    return home / "bin"


def test_the_wheel_has_every_template_and_static_file_and_no_test(installed: Path) -> None:
    [wheel] = installed.parent.parent.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("templates", "static"):
        for path in (ROOT / folder).rglob("*"):
            assert path.is_dir() or f"dashboard/files/{path.relative_to(ROOT)}" in names
    assert {name.partition("/")[0] for name in names} == {"dashboard", "ona_dashboard-0.1.0.dist-info"}


@contextmanager
def started(command: list[str], folder: Path, variables: dict[str, str]) -> Iterator[Path]:
    """The command as a process in `folder`, which is ended again; what it prints is in the file."""
    said = folder / f"{'-'.join(Path(word).name for word in command[:5] if word[0] != '-')}.said"
    with said.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=output, stderr=output)
        try:
            yield said
            assert process.poll() is None, said.read_text(encoding="utf-8")
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def answer(port: int, path: str) -> str:
    """The body of an answer, "" when nothing answers."""
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return str(response.read().decode())
    except (URLError, OSError):
        return ""


def test_it_runs_in_an_empty_folder_without_the_repository(installed: Path, tmp_path: Path) -> None:
    port = parts.free_port()
    variables = {name: value for name, value in environ(tmp_path).items() if name != "VAR_DIR"}
    command = [str(installed / "ona-dashboard"), "up", "--port", str(port), "--environments", "3"]
    with started(command, tmp_path, variables) as said:
        until(lambda: "Dashboard: http" in said.read_text(encoding="utf-8"), 120)
        page = answer(port, "/accounts/login/")
        [style] = re.findall(r'href="(/static/dashboard[^"]+\.css)"', page)
        assert "--" in answer(port, style)
        assert (tmp_path / "var/dashboard.sqlite3").exists()


# Containers


def test_the_dockerfile_is_linted() -> None:
    linter = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if linter is None:
        pytest.skip("NOT LINTED: there is no hadolint for this machine")
    ran = subprocess.run([linter, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_the_image_is_pinned_small_and_runs_as_nobody() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ") and line != "FROM scratch AS sbom"]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases[0])
    last = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert "USER 10001:10001" in last
    assert "COPY --from=bill /sbom.cdx.json /usr/share/ona-dashboard/sbom.cdx.json" in last
    assert any(line.startswith("HEALTHCHECK") for line in last)
    assert not any(line.startswith("RUN") for line in last)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            assert {f"!{name}" for name in line.split()[1:-1]} <= set(ignored)


def test_a_list_of_what_runs_that_lacks_a_package_a_version_or_a_hash_is_not_taken() -> None:
    hashed = [{"hashes": [{"alg": "SHA-256", "content": "0"}]}]
    whole = [
        {"name": name, "version": version, "externalReferences": hashed} for name, version in pinned().items()
    ]
    assert left_out({"components": whole}) == []
    first, second, third, *rest = whole
    wrong = [{**first, "version": "0.0"}, {**second, "externalReferences": []}, *rest]
    names = [f"{one['name']} {one['version']}" for one in (first, second, third)]
    assert left_out({"components": wrong}) == names


@pytest.mark.parametrize("file", ["docker-compose.yml", "deploy/organisations/docker-compose.yml"])
def test_compose_follows_its_schema(file: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    ran = subprocess.run([*command, file], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_every_service_is_checked_pinned_and_writes_nowhere() -> None:
    for name, service in COMPOSE.items():
        assert "healthcheck" in service, name
        if service["image"] == "ona-dashboard":
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
        else:
            assert re.search(r":v?\d+\.\d+", service["image"]), name
        for other in service.get("depends_on", {}):
            assert other in COMPOSE
    assert {tuple(service.get("profiles", ())) for service in COMPOSE.values()} == {
        (),
        ("demo",),
        ("sso",),
    }


def test_every_service_of_compose_runs_with_its_command_and_its_check(
    installed: Path, tmp_path: Path, valkey_url: str
) -> None:
    """Without an engine. Valkey is the tests' own and the database SQLite: images of theirs cannot run here."""
    web, api = parts.free_port(), parts.free_port()
    given = {"SECRET_KEY": "x" * 50, "ONA_API_KEY": "demo-key", "POSTGRES_PASSWORD": "p"}
    base = environ(tmp_path / "var") | {"PATH": f"{installed}{os.pathsep}{os.environ['PATH']}"}

    def of(name: str) -> tuple[list[str], dict[str, str]]:
        service = compose.service(name, given)
        ours = {
            "ONA_BASE_URL": f"http://127.0.0.1:{api}/api",
            "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        }
        swap = {"8000": str(web), "8001": str(api), "0.0.0.0": "127.0.0.1"}  # noqa: S104
        variables = base | service.environment | ours | {"REDIS_URL": f"{valkey_url}?db=1"}
        return [swap.get(word, word) for word in service.command], variables

    def check(name: str) -> bool:
        test, variables = compose.service(name, given).check, of(name)[1]
        port = ["--port", str(web)] if name == "web" else []
        return subprocess.run([*test, *port], cwd=tmp_path, env=variables, check=False).returncode == 0

    with ExitStack() as stack:
        stack.enter_context(started(*_with(of("simulator"), tmp_path)))
        command, variables = of("migrate")
        subprocess.run(command, cwd=tmp_path, env=variables, check=True, capture_output=True)
        for name in compose.OURS:
            stack.enter_context(started(*_with(of(name), tmp_path)))
        until(lambda: answer(web, "/healthz") == "ok\n", 60)
        until(lambda: '"ready": true' in answer(web, "/readyz"), 30)
        metrics = r'sweep_success_timestamp_seconds\{sweep="full"\}'
        until(lambda: re.search(metrics, answer(web, "/metrics")), 90)
        for name in compose.OURS:
            until(lambda name=name: check(name), 60)


ORGANISATIONS = ROOT / "deploy/organisations"


def test_the_example_of_several_organisations_gives_each_its_own_and_runs_the_same_commands(
    tmp_path: Path,
) -> None:
    """Those commands are run by the test above; here each gets the environment of its organisation and no other's."""
    given = {"SECRET_KEY": "x" * 50, "POSTGRES_PASSWORD": "p"}
    written = yaml.safe_load((ORGANISATIONS / "docker-compose.yml").read_text(encoding="utf-8"))
    text = (ORGANISATIONS / "organisations.toml").read_text(encoding="utf-8")
    for name in written["secrets"]:
        database = f"postgres://dashboard:p@postgres:5432/{name.partition('_')[0]}"
        (tmp_path / name).write_text(database if name.endswith("database") else name, encoding="utf-8")
    file = tmp_path / "organisations.toml"
    file.write_text(text.replace("/run/secrets", str(tmp_path)), encoding="utf-8")
    fronts = (ORGANISATIONS / "nginx.conf").read_text(encoding="utf-8")
    databases = (ORGANISATIONS / "databases.sql").read_text(encoding="utf-8")
    for place, one in enumerate(read_organisations(str(file), {}).all):
        assert f"location {one.home} {{ proxy_pass http://{one.slug}-web:8000; }}" in fronts
        assert f"CREATE DATABASE {one.slug};" in databases
        for name in (*compose.OURS, "migrate"):
            service = written["services"][f"{one.slug}-{name}"]
            for same in (
                "command",
                "healthcheck",
                "read_only",
                "cap_drop",
                "security_opt",
                "stop_grace_period",
            ):
                assert service.get(same) == COMPOSE[name].get(same), (name, same)
            assert service["secrets"] == [f"{one.slug}_key", f"{one.slug}_database"]
            told = service["environment"] | {"ORGANISATIONS_FILE": str(file), "VAR_DIR": str(tmp_path)}
            environ = {key: compose.interpolated(value, given) for key, value in told.items()}
            assert enter(environ, ["celery"]).slug == one.slug
            assert read_key("ONA_API_KEY", environ) == f"{one.slug}_key"
            assert environ["DATABASE_URL"].endswith(f"/{one.slug}")
            assert environ["REDIS_URL"] == f"redis://valkey:6379/{place}"


def _with(service: tuple[list[str], dict[str, str]], folder: Path) -> tuple[list[str], Path, dict[str, str]]:
    return service[0], folder, service[1]


# Clusters


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for _, document in MANIFESTS:
        if document["kind"] in {"Deployment", "Job"}:
            yield document["metadata"]["name"], document["spec"]["template"]["spec"]


@pytest.mark.parametrize(("name", "pod"), list(pods()), ids=[name for name, _ in pods()])
def test_every_pod_has_limits_and_may_do_nothing_but_its_work(name: str, pod: dict[str, Any]) -> None:
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert set(container["resources"]["limits"]) == {"cpu", "memory"}
    assert ("livenessProbe" in container) is (name != "migrate")
    assert ("readinessProbe" in container) is (name == "web")


def test_every_deployment_outlives_a_node_and_matches_its_pods() -> None:
    deployments = {
        one["metadata"]["name"]: one["spec"] for _, one in MANIFESTS if one["kind"] == "Deployment"
    }
    budgets = {
        one["metadata"]["name"]: one["spec"] for _, one in MANIFESTS if one["kind"] == "PodDisruptionBudget"
    }
    assert set(deployments) == set(budgets) == set(compose.OURS)
    for name, spec in deployments.items():
        assert spec["replicas"] >= 2
        assert budgets[name]["minAvailable"] < spec["replicas"]
        assert spec["selector"] == budgets[name]["selector"]
        assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_clusters_and_compose_run_the_same_commands() -> None:
    for name, pod in pods():
        command = pod["containers"][0].get("command", [])
        assert command == shlex.split(COMPOSE[name].get("command", ""))


def test_everything_is_in_the_list_that_is_applied_but_the_example_of_a_secret() -> None:
    [listed] = [document["resources"] for name, document in MANIFESTS if name == "kustomization.yaml"]
    assert set(listed) | {"kustomization.yaml", "secret.example.yaml"} == {name for name, _ in MANIFESTS}
