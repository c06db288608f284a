# Web server, worker, beat and watch are one image with different commands: see docker-compose.yml and deploy/kubernetes.
# It runs as nobody in particular, and needs to write nowhere: start it with a read-only root file system.
# The base is pinned by its version; pin it by digest too (python:3.13.9-slim-bookworm@sha256:…) where images are built.
FROM python:3.13.9-slim-bookworm AS build
WORKDIR /source
COPY requirements-image.txt requirements-build.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-image.txt \
    && python -m venv /build \
    && /build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.txt
COPY pyproject.toml README.md CHANGELOG.md manage.py ./
COPY dashboard dashboard
COPY templates templates
COPY static static
RUN /build/bin/python -m hatchling build -t wheel -d /wheel \
    && /venv/bin/pip install --no-cache-dir --no-deps /wheel/*.whl \
    && SECRET_KEY=only-for-collecting VAR_DIR=/var/lib/ona-dashboard \
       /venv/bin/ona-dashboard collectstatic --noinput --verbosity 0

# What the image is made of, as a list that is checked. To have it as a file: docker build --target sbom --output . .
FROM python:3.13.9-slim-bookworm AS bill
WORKDIR /source
COPY pyproject.toml requirements-image.txt ./
COPY scripts/__init__.py scripts/supply.py scripts/requirements-security.txt scripts/
RUN python -m scripts.supply --only-sbom --sbom /sbom.cdx.json

FROM scratch AS sbom
COPY --from=bill /sbom.cdx.json /

FROM python:3.13.9-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=1 VAR_DIR=/var/lib/ona-dashboard
COPY --from=build /venv /venv
COPY --from=bill /sbom.cdx.json /usr/share/ona-dashboard/sbom.cdx.json
COPY --from=build /var/lib/ona-dashboard/static /var/lib/ona-dashboard/static
WORKDIR /var/lib/ona-dashboard
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["ona-dashboard", "healthy", "web"]
CMD ["ona-dashboard", "serve", "--host", "0.0.0.0", "--port", "8000"]
