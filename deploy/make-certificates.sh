#!/usr/bin/env bash
# Make what Elasticsearch needs before it starts: an authority, a certificate for each node, a directory for snapshots.
#
#   make-certificates.sh          what is missing
#   make-certificates.sh renew    all nodes' certificates anew, by the same authority; running nodes take them up
#
# The authority's key stays in a directory of its own, which no node sees.
set -euo pipefail
umask 027

: "${NODES:?names of the nodes, separated by spaces}"
: "${AUTHORITY_DIR:?}" "${CERTIFICATES_DIR:?}" "${SNAPSHOTS_DIR:?}"
: "${OWNER:?user and group of the nodes, as in 1000:0}"
readonly AUTHORITY_DAYS=3650 NODE_DAYS=730

make_authority() {
  local made
  made=$(mktemp -d)
  elasticsearch-certutil ca --silent --pem --days "$AUTHORITY_DAYS" --out "$made/ca.zip"
  unzip -q "$made/ca.zip" -d "$made"
  cp "$made/ca/ca.key" "$AUTHORITY_DIR/ca.key"
  cp "$made/ca/ca.crt" "$AUTHORITY_DIR/ca.crt.new"
  mv "$AUTHORITY_DIR/ca.crt.new" "$AUTHORITY_DIR/ca.crt" # last: with it, the authority is whole
  rm -r "$made"
}

make_certificate() { # NODE
  local node=$1 made kind
  made=$(mktemp -d)
  elasticsearch-certutil cert --silent --pem --days "$NODE_DAYS" --name "$node" --dns "$node,localhost" --ip 127.0.0.1 \
    --ca-cert "$AUTHORITY_DIR/ca.crt" --ca-key "$AUTHORITY_DIR/ca.key" --out "$made/node.zip"
  unzip -q "$made/node.zip" -d "$made"
  for kind in key crt; do
    chown "$OWNER" "$made/$node/$node.$kind"
    chmod 440 "$made/$node/$node.$kind"
    cp -p "$made/$node/$node.$kind" "$CERTIFICATES_DIR/$node.$kind.new"
    mv "$CERTIFICATES_DIR/$node.$kind.new" "$CERTIFICATES_DIR/$node.$kind"
  done
  rm -r "$made"
  echo "made a certificate for $node, for $NODE_DAYS days"
}

[ "${1:-}" = "" ] || [ "$1" = renew ] || { echo "expected nothing or renew, got: $1" >&2; exit 2; }
[ -f "$AUTHORITY_DIR/ca.crt" ] || make_authority
cp "$AUTHORITY_DIR/ca.crt" "$CERTIFICATES_DIR/ca.crt"
chmod 444 "$CERTIFICATES_DIR/ca.crt"
chmod 755 "$CERTIFICATES_DIR"
for node in $NODES; do
  if [ "${1:-}" = renew ] || ! [ -f "$CERTIFICATES_DIR/$node.crt" ]; then
    make_certificate "$node"
  fi
done
chown "$OWNER" "$SNAPSHOTS_DIR"
chmod 770 "$SNAPSHOTS_DIR"
