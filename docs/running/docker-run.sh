#!/bin/sh
# Runs dbaccess of one version: sh docker-run.sh 0.1.0. In the folder of .env and config/dbaccess.toml.
set -eu
exec docker run -d --name dbaccess --restart unless-stopped --stop-timeout 20 \
  --read-only --cap-drop ALL --security-opt no-new-privileges \
  -p 127.0.0.1:3000:3000 \
  --env-file .env -v "$PWD/config:/etc/dbaccess:ro" -v dbaccess:/data \
  "dbaccess:$1"
