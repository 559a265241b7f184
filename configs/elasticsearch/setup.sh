#!/bin/bash
# Gives Elasticsearch the stack's users, roles, index templates and lifecycle. Every step sets a state, so that the same run twice
# is the same as once.
# Usage: setup.sh DIRECTORY URL
#
# DIRECTORY/steps holds one request a line: METHOD PATH [FILE-WITH-THE-BODY]. DIRECTORY/secrets/curl.conf tells curl who asks, so
# that no password stands on a command line.
set -uo pipefail
directory=$1 url=$2
attempts=${SETUP_ATTEMPTS:-60} pause=${SETUP_PAUSE:-2} logins=${SETUP_LOGINS:-15}

fail() {
  echo "setup failed: $1" >&2
  exit 1
}

# Sets `status` (000 where nobody answers) and `answer`.
request() {
  local method=$1 path=$2 body=${3:-}
  local -a options=(--config "$directory/secrets/curl.conf" --silent --show-error --connect-timeout 5 --max-time 60)
  if [[ -n $body ]]; then
    options+=(--header "Content-Type: application/json" --data-binary "@$directory/$body")
  fi
  answer=$(curl "${options[@]}" --request "$method" --write-out '\n%{http_code}' "$url/$path" 2>&1) || true
  status=${answer##*$'\n'}
  [[ $status =~ ^[0-9]{3}$ ]] || status=000
}

# Repeats a request while the server starts or is busy, or its indices do (408). A right password is refused too, while the index
# of the users is there and not yet started: after a restart, and for a moment when the server has made it.
insist() {
  local attempt refused=0
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    request "$@"
    case $status in
      401) ((++refused < logins)) || return 0 ;;
      000 | 408 | 429 | 502 | 503 | 504) ;;
      *) return 0 ;;
    esac
    sleep "$pause"
  done
  [[ $status == 408 ]] && unhealthy
  fail "$url/$2 gave no answer in $attempts attempts; the last was $status: $answer"
}

# An index that no node takes: a full disk, a shard that was lost. Elasticsearch itself knows which and why.
unhealthy() {
  local parts=index,unassigned_info.reason,node_allocation_decisions.deciders.explanation
  request GET "_cluster/allocation/explain?filter_path=$parts"
  fail "the cluster is red, and stays so. What it says of the first index without a place: $answer"
}

insist GET "_cluster/health?wait_for_status=yellow&timeout=5s"
[[ $status == 401 ]] && fail "the password of elastic is refused. Somebody changed it in Elasticsearch: set the same with \
'pulumi config set --secret elasticPassword', or delete the change there."
[[ $status == 200 ]] || fail "the cluster is not healthy, $status: $answer"

done_steps=0
while read -r method path body; do
  insist "$method" "$path" "$body"
  # What is to be deleted may be gone already.
  [[ $status == 20? || ($method == DELETE && $status == 404) ]] || fail "$method $path, $status: $answer"
  done_steps=$((done_steps + 1))
done < "$directory/steps"
echo "setup done: $done_steps steps"
