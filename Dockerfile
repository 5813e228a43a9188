# dbaccess in a container. By default `python -m bot serve`; `web`, `worker` and all else likewise.
# The tag moves. `make image` takes it with its digest: BASE=python:3.13-slim-trixie@sha256:…
ARG BASE=python:3.13-slim-trixie
FROM ${BASE} AS build
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv --without-pip /venv \
 && python -m pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
      --no-deps --require-hashes --only-binary :all: -r requirements.txt

FROM ${BASE}
# 10001 is nobody else's number; a volume for /data has to be writable for it.
RUN useradd --system --uid 10001 --user-group --home-dir /data --create-home dbaccess
COPY --from=build /venv /venv
COPY bot /app/bot
COPY migrations /app/migrations
COPY manifest.yml dbaccess.example.toml .env.example /app/
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    HOST=0.0.0.0 \
    PORT=3000 \
    DBACCESS_CONFIG=/etc/dbaccess/dbaccess.toml
WORKDIR /data
USER 10001:10001
EXPOSE 3000
# A worker answers no HTTP: run it with --no-healthcheck.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", \
  "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["python", "-m", "bot", "serve"]
