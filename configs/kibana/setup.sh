#!/bin/bash
# Puts the stack's data view and saved searches into Kibana, over those that are there. Other objects are left alone.
# Usage: setup.sh DIRECTORY URL
set -uo pipefail
directory=$1 url=$2
attempts=${SETUP_ATTEMPTS:-60} pause=${SETUP_PAUSE:-2}

for ((attempt = 1; attempt <= attempts; attempt++)); do
  answer=$(curl --config "$directory/secrets/curl.conf" --silent --show-error --connect-timeout 5 --max-time 60 \
    --header "kbn-xsrf: setup" --form "file=@$directory/saved-objects.ndjson" --write-out '\n%{http_code}' \
    "$url/api/saved_objects/_import?overwrite=true" 2>&1) || true
  status=${answer##*$'\n'}
  case $status in
    200)
      if [[ $answer == *'"success":true'* ]]; then
        echo "setup done: $(grep -c . "$directory/saved-objects.ndjson") objects"
        exit 0
      fi
      break
      ;;
    # Not there yet, or not yet connected to Elasticsearch.
    429 | 502 | 503 | 504) sleep "$pause" ;;
    [1-9]??) break ;;
    *) sleep "$pause" ;;
  esac
done
echo "setup failed: $url answered to the import of the saved objects: $answer" >&2
exit 1
