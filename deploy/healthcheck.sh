#!/usr/bin/env bash
# Whether the server of this container is ready (`/readyz` answers 200). An image without curl needs no curl for that.
#   purser-healthcheck [PORT] [PATH]
set -euo pipefail
port=${1:-${PURSER_HEALTH_PORT:-8080}} path=${2:-/readyz}
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$path" >&3
IFS=' ' read -r _ status _ <&3
[ "$status" = 200 ] || { echo "$path answers $status" >&2; exit 1; }
