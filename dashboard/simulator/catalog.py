"""What projects bring along: services, tasks, ports, machine classes and runners of the demo organisation."""

from dashboard.simulator.models import EnvItem, Port, ServiceRecipe, TaskRecipe


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Every literal secret-looking value of the simulator starts so; a test can search any output for it.
VALUE_MARK = "s3cr3t-"
REPOSITORY_HOST = "https://github.com/meridian-labs"

PROJECT_NAMES = _words(
    "payments-api web-shop mobile-backend data-pipeline design-system auth-gateway search-service docs-site "
    "ml-training infra-live billing-worker customer-portal notification-hub pricing-engine catalog-sync "
    "partner-api fraud-detection warehouse-ui event-bus ops-tools analytics-sdk geo-service media-store "
    "chat-widget"
)


def _long_script(product: str, lines: int) -> str:
    """A start script of several kB, as the platform installs for its own services."""
    head = f"#!/bin/bash\nset -euo pipefail\n# {product} bootstrap, written by the platform\n"
    step = (
        'if ! download "$BASE/{n:03d}.tar.gz" "$TARGET"; then\n  echo "part {n} missing" >&2\n  sleep 1\nfi\n'
    )
    return (
        head + "".join(step.format(n=number) for number in range(lines)) + f'exec "$TARGET/bin/{product}"\n'
    )


AGENT = ServiceRecipe(
    "agent-01", "Ona Agent", _long_script("ona-agent", 34), role="SERVICE_ROLE_AI_AGENT",
    triggers=("manual",), ready="test -S /tmp/agent.sock", runs_on="machine", warm_up=6,
)  # fmt: skip
EDITOR = ServiceRecipe(
    "vscode-server", "VS Code Server", _long_script("vscode-server", 46), role="SERVICE_ROLE_EDITOR",
    triggers=("postEnvironmentStart",), ready="curl -sf localhost:22888/healthz", runs_on="machine", warm_up=5,
)  # fmt: skip
PLATFORM_SERVICES = (EDITOR, AGENT)

SERVICES = (
    ServiceRecipe(
        "web", "Web server", "npm run dev -- --port 3000", "Development server with hot reload",
        ready="curl -sf http://localhost:3000/healthz", triggers=("postEnvironmentStart", "manual"),
        env=(EnvItem("NODE_ENV", "development"), EnvItem("SESSION_KEY", VALUE_MARK + "session-4be1c0")), warm_up=6,
    ),
    ServiceRecipe(
        "database", "PostgreSQL", "docker compose up postgres", ready="pg_isready -h localhost",
        stop="docker compose stop postgres", image="postgres:17", runs_on="docker",
        env=(EnvItem("POSTGRES_PASSWORD", VALUE_MARK + "pg-9f27aa"),), warm_up=4,
    ),
    ServiceRecipe("worker", "Background worker", "python -m worker --queue default", runs_on="", warm_up=2),
    ServiceRecipe(
        "storybook", "Storybook", "npm run storybook", ready="curl -sf localhost:6006", triggers=("manual",), warm_up=9
    ),
    ServiceRecipe(
        "cache", "Valkey", "valkey-server --port 6379", ready="valkey-cli ping", runs_on="machine", warm_up=1
    ),
    ServiceRecipe(
        "tunnel", "Partner tunnel", "ssh -N partner-tunnel", stop="pkill -f partner-tunnel", triggers=("manual",),
        stop_fails=True,
    ),
    ServiceRecipe(
        "legacy-sync", "Legacy sync", "legacy-sync --watch", "Needs a binary that is gone", triggers=("manual",),
        breaks=True,
    ),
)  # fmt: skip

TASKS = (
    TaskRecipe("install", "Install dependencies", "npm ci", triggers=("postDevcontainerStart", "manual"), seconds=25),
    TaskRecipe(
        "migrate", "Migrate database", "make migrate", needs=("database",), seconds=8, stubborn=True,
        env=(EnvItem("DATABASE_URL", f"postgres://app:{VALUE_MARK}db-77d1@localhost/app"),),
    ),
    TaskRecipe("build", "Build", "make build", needs=("install",), triggers=("prebuild", "manual"), seconds=30),
    TaskRecipe("test", "Run tests", "make test", needs=("build", "migrate"), seconds=40, failure_rate=0.12),
    TaskRecipe("lint", "Lint", "make lint", seconds=12, failure_rate=0.05),
    TaskRecipe(
        "e2e", "End-to-end tests", "make e2e", needs=("web", "build"), seconds=90, failure_rate=0.35, stubborn=True,
        env=(EnvItem("BROWSER_TOKEN", reference="0197c3a0-5b1e-7d34-9a51-3f0c5d9e7a11"),),
    ),
    TaskRecipe(
        "seed", "Load sample data", "make seed", needs=("migrate",), seconds=15,
        triggers=("postEnvironmentStart",),
    ),
    TaskRecipe("warm-cache", "Warm the cache", "make warm", seconds=5, runs_on="docker", image="busybox:1.37"),
)  # fmt: skip

PORTS = (
    Port(3000, "web", "ADMISSION_LEVEL_CREATOR_ONLY", "PROTOCOL_HTTP"),
    Port(6006, "storybook", "ADMISSION_LEVEL_ORGANIZATION"),
    Port(8443, "preview", "ADMISSION_LEVEL_EVERYONE", "PROTOCOL_HTTPS"),
    Port(9229, "debugger", "ADMISSION_LEVEL_OWNER_ONLY"),
)

# name, provider, region, domain label, message when degraded
RUNNERS = (
    ("Ona Cloud (US01)", "RUNNER_PROVIDER_MANAGED", "us-east-1", "us01", ""),
    ("Ona Cloud (EU01)", "RUNNER_PROVIDER_MANAGED", "eu-central-1", "eu01", ""),
    ("aws-platform", "RUNNER_PROVIDER_AWS_EC2", "eu-west-1", "aws", ""),
    ("gcp-research", "RUNNER_PROVIDER_GCP", "europe-west4", "gcp", "2 of 3 replicas are healthy"),
)

# name, description, index of the runner, enabled, machine type
CLASSES = (
    ("Regular", "4 vCPU / 16 GiB", 0, True, "m7i.xlarge"),
    ("Large", "8 vCPU / 32 GiB", 0, True, "m7i.2xlarge"),
    ("Regular", "4 vCPU / 16 GiB", 1, True, "m7i.xlarge"),
    ("Compute", "16 vCPU / 32 GiB", 2, True, "c7i.4xlarge"),
    ("GPU", "12 vCPU / 85 GiB / 1 GPU", 3, True, "a2-highgpu-1g"),
    ("Small (retired)", "2 vCPU / 4 GiB", 2, False, "t3.medium"),
)
SPEC_SECRETS = ("NPM_TOKEN", "SENTRY_DSN", "ghcr-credentials")
