# The web server, the worker and the scheduler are one image with different commands: see docker-compose.yml.
FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements-postgres.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-postgres.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=1 VAR_DIR=/var/lib/ona-dashboard
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin dashboard \
    && install -d -o dashboard -g dashboard -m 700 /var/lib/ona-dashboard
COPY --from=build /venv /venv
WORKDIR /app
COPY manage.py ./
COPY dashboard dashboard
COPY templates templates
COPY static static
USER dashboard
# A key of its own: the real one is given when the image runs.
RUN SECRET_KEY=only-for-collecting python manage.py collectstatic --noinput --verbosity 0
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "dashboard.wsgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "1", "--blocking-threads", "4", "--respawn-failed-workers", "--log-level", "warning"]
