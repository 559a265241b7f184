#!/bin/bash
# Deletes Jaeger's daily indices that are older than the given number of days.
# Usage: clean-indices.sh DAYS URL CURL-OPTIONS-FILE
set -euo pipefail
days=$1 url=$2 options=$3

# Seconds, since not every `date` understands "2 days ago".
oldest=$(date -u -d "@$(($(date -u +%s) - days * 86400))" +%Y-%m-%d)
# A new pod may be let out a moment after its start only.
indices=$(curl --silent --show-error --fail --retry 10 --retry-delay 2 --retry-all-errors --config "$options" \
  "$url/_cat/indices/jaeger-*?h=index")

deleted=0
for index in $indices; do
  day=$(expr "$index" : 'jaeger-[a-z]*-\([0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]\)$') || continue
  if [[ "$day" < "$oldest" ]]; then
    curl --silent --show-error --fail --config "$options" --request DELETE "$url/$index" > /dev/null
    deleted=$((deleted + 1))
  fi
done
echo "deleted $deleted indices of days before $oldest"
