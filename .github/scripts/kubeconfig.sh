#!/usr/bin/env bash
# Puts the kubeconfig of the environment's secret where kubectl, the program and Pulumi look for it, for this job only.
set -euo pipefail

if [ -z "${KUBECONFIG_TEXT:-}" ]; then
  echo "::error::the secret KUBECONFIG of this job's environment is empty; docs/environments.md says what goes into it"
  exit 1
fi
file="$RUNNER_TEMP/kubeconfig"
(umask 077 && printf '%s\n' "$KUBECONFIG_TEXT" >"$file")
echo "KUBECONFIG=$file" >>"$GITHUB_ENV"
