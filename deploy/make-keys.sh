#!/usr/bin/env bash
# Make the API keys with which tagkin asks Elasticsearch: one that reads, for the web, and one that writes, for indexing.
#
#   make-keys.sh          keys that are missing, or that the server no longer takes
#   make-keys.sh rotate   new keys beside the old ones, which go on working
#   make-keys.sh retire   an end to all keys of ours but the newest
#
# What a key may do stands in reader.json and writer.json. Each goes into a directory of its own, with the certificate of
# the authority, so that a container is given no more than its own. No secret stands in an argument of a process.
set -euo pipefail
umask 027

: "${ELASTICSEARCH_URL:?address of a node}" "${ELASTIC_PASSWORD:?password of the user elastic}"
: "${CA_FILE:?certificate of the authority}" "${ROLES_DIR:?directory of reader.json and writer.json}"
: "${READER_DIR:?}" "${WRITER_DIR:?}"
: "${OWNER:?user and group of tagkin, as in 10001:10001}"

case $ELASTIC_PASSWORD in
  *[!A-Za-z0-9._~+/=-]*)
    echo "ELASTIC_PASSWORD: expected letters, digits and any of . _ ~ + / = -, as from: openssl rand -hex 24" >&2
    exit 2
    ;;
esac

ask() { # METHOD PATH [BODY], as elastic
  printf 'user = "elastic:%s"\n' "$ELASTIC_PASSWORD" | request "$@"
}

ask_with() { # KEY METHOD PATH
  local key=$1
  shift
  printf 'header = "Authorization: ApiKey %s"\n' "$key" | request "$@"
}

request() { # METHOD PATH [BODY], and on standard input what curl is not to be told by arguments
  local body=()
  [ $# -lt 3 ] || body=(--header 'Content-Type: application/json' --data "$3")
  curl --silent --show-error --fail-with-body --max-time 60 --cacert "$CA_FILE" --config - \
    --request "$1" "${body[@]}" "$ELASTICSEARCH_URL$2"
}

key_works() { # DIRECTORY
  [ -s "$1/api-key" ] && ask_with "$(cat "$1/api-key")" GET /_security/_authenticate >/dev/null 2>&1
}

make_key() { # ROLE DIRECTORY
  local answer key
  answer=$(ask POST /_security/api_key "{\"name\": \"tagkin-$1\", \"role_descriptors\": {\"tagkin-$1\": $(cat "$ROLES_DIR/$1.json")}}") \
    || { echo "$answer" >&2; exit 1; }
  key=$(sed -n 's/.*"encoded":"\([^"]*\)".*/\1/p' <<<"$answer")
  [ -n "$key" ] || { echo "expected a key from $ELASTICSEARCH_URL, got an answer without one" >&2; exit 1; }
  # Whole or not at all: tagkin may be reading the old one.
  printf '%s\n' "$key" >"$2/api-key.new"
  chown "$OWNER" "$2/api-key.new"
  chmod 440 "$2/api-key.new"
  mv "$2/api-key.new" "$2/api-key"
  echo "made a key: tagkin-$1"
}

retire_keys() { # ROLE DIRECTORY
  local newest listed id n=0
  newest=$(base64 -d "$2/api-key" | cut -d: -f1)
  [ -n "$newest" ] || { echo "expected a key in $2/api-key" >&2; exit 1; }
  # By itself, as a loop over what fails would be one over nothing, and all old keys went on working.
  listed=$(ask GET "/_security/api_key?name=tagkin-$1&active_only=true") || { echo "$listed" >&2; exit 1; }
  # A key in the file that the server does not list is not ours to trust as the newest: nothing would be left.
  grep -q "\"$newest\"" <<<"$listed" || { echo "expected the key of $2/api-key among those of the server" >&2; exit 1; }
  while read -r id; do
    [ "$id" != "$newest" ] || continue
    ask DELETE /_security/api_key "{\"ids\": [\"$id\"]}" >/dev/null
    echo "ended a key: tagkin-$1 $id"
    n=$((n + 1))
  done < <(grep -o '"id": *"[^"]*"' <<<"$listed" | cut -d'"' -f4)
  echo "ended $n of the keys of tagkin-$1, and kept the newest"
}

ask GET '/_cluster/health?wait_for_status=yellow&timeout=50s' >/dev/null
for role in reader writer; do
  directory=$READER_DIR
  [ "$role" = reader ] || directory=$WRITER_DIR
  install -m 444 "$CA_FILE" "$directory/ca.crt"
  case ${1:-} in
    "") key_works "$directory" || make_key "$role" "$directory" ;;
    rotate) make_key "$role" "$directory" ;;
    retire) retire_keys "$role" "$directory" ;;
    *) echo "expected nothing, rotate or retire, got: $1" >&2; exit 2 ;;
  esac
  chmod 755 "$directory"
done
