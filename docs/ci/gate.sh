#!/usr/bin/env bash
# The gate in CI: the migrations that a branch changes, judged by a snapshot and a policy.
#
# SNAPSHOT, BASE, FILES (git patterns, one a line), POLICY, KEY (the secret itself) and DIALECT say
# what; what `python -m app.comment` needs says where the comment goes. Ends with 1 when the policy
# blocks the change, and with the code of `lineage impact` when something else is wrong.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
report=${REPORT:-lineage-impact.md}

patterns=()
while IFS= read -r pattern; do
  if [ -n "$pattern" ]; then patterns+=("$pattern"); fi
done <<<"${FILES:-*.sql}"

git diff --name-only -z --diff-filter=AM "$BASE"...HEAD -- "${patterns[@]}" >"$work/changed"
if [ ! -s "$work/changed" ]; then
  echo "no migration changed"
  exit 0
fi
files=()
while IFS= read -r -d '' file; do files+=("$file"); done <"$work/changed"

options=(--snapshot "$SNAPSHOT" --format md)
if [ -n "${POLICY:-}" ]; then options+=(--policy "$POLICY"); fi
if [ -n "${DIALECT:-}" ]; then options+=(--dialect "$DIALECT"); fi
if [ -n "${KEY:-}" ]; then
  (umask 077 && printf '%s' "$KEY" >"$work/key")
  options+=(--key "$work/key")
fi

code=0
lineage impact --files "${options[@]}" -- "${files[@]}" >"$report" || code=$?
cat "$report"
if [ -n "${GITHUB_OUTPUT:-}" ]; then echo "report=$report" >>"$GITHUB_OUTPUT"; fi
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$report" >>"$GITHUB_STEP_SUMMARY"; fi
if [ -s "$report" ] && [ -n "${GITHUB_TOKEN:-}${GITLAB_TOKEN:-}" ]; then
  # A comment that cannot be posted must not open the gate, nor close it.
  python3 -m app.comment "$report" || echo "the comment could not be posted" >&2
fi
exit "$code"
