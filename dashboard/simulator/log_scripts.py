"""What the demo's services and tasks say, over and over. `{n}` counts lines, `{ms}` and `{pick}` vary."""

from collections.abc import Mapping

_OTHER = (
    "step {n}: working",
    "\x1b[2mchecked {pick} files in {ms} ms\x1b[0m",
    "step {n}: ok",
)
_SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "install": (
        "\x1b[36mnpm\x1b[0m http fetch GET 200 https://registry.example/pkg-{pick} {ms}ms",
        "\x1b[36mnpm\x1b[0m http fetch GET 200 https://registry.example/lib-{pick} {ms}ms (cache hit)",
        "\x1b[33mnpm warn\x1b[0m deprecated glob@{pick}.0.{n}: no longer supported",
    ),
    "build": (
        "\x1b[34m[{n}]\x1b[0m compiling src/module_{pick}.ts",
        "\x1b[34m[{n}]\x1b[0m bundling chunk-{pick}.js \x1b[2m{ms} kB\x1b[0m",
        "\x1b[33mwarning\x1b[0m src/module_{pick}.ts: unused import",
    ),
    "test": (
        "\x1b[32mPASS\x1b[0m tests/test_orders_{pick}.py::test_case_{n} \x1b[2m({ms} ms)\x1b[0m",
        "\x1b[32mPASS\x1b[0m tests/test_checkout_{pick}.py::test_case_{n} \x1b[2m({ms} ms)\x1b[0m",
        "\x1b[33mSKIP\x1b[0m tests/test_slow_{pick}.py::test_case_{n}",
        "\x1b[32mPASS\x1b[0m tests/test_prices_{pick}.py::test_case_{n} \x1b[2m({ms} ms)\x1b[0m",
    ),
    "lint": (
        "src/module_{pick}.py \x1b[32mok\x1b[0m",
        "src/module_{pick}.py:{ms}: \x1b[33mline too long\x1b[0m",
    ),
    "e2e": (
        "\x1b[36mchromium\x1b[0m > checkout.spec.ts:{pick} > pays with a card \x1b[2m({ms}ms)\x1b[0m",
        "\x1b[36mfirefox\x1b[0m > search.spec.ts:{pick} > finds a product \x1b[2m({ms}ms)\x1b[0m",
        "  \x1b[33m⚠\x1b[0m retry #{pick}: element is not visible",
    ),
    "migrate": ("applying 00{pick}_migration \x1b[32mOK\x1b[0m", "\x1b[2mlock held for {ms} ms\x1b[0m"),
    "seed": ("inserted {ms} rows into orders", "inserted {pick} rows into customers"),
    "web": (
        'INFO "GET /api/orders/{pick}" \x1b[32m200\x1b[0m {ms}ms',
        'INFO "GET /healthz" \x1b[32m200\x1b[0m 1ms',
        'WARN "GET /api/carts/{pick}" \x1b[33m404\x1b[0m {ms}ms',
    ),
    "database": (
        "LOG:  checkpoint complete: wrote {ms} buffers",
        "LOG:  automatic vacuum of table app.orders: {pick} pages",
    ),
    "worker": ("INFO task send_mail[{n}] succeeded in {ms}ms", "INFO task resize_image[{n}] received"),
    "cache": ("* {pick} changes in 60 seconds. Saving...", "* DB saved on disk"),
    "storybook": ("info => Rebuilt {pick} stories in {ms} ms",),
}


def script_of(reference: str) -> tuple[str, ...]:
    """The lines of a service or task."""
    return _SCRIPTS.get(reference, _OTHER)
