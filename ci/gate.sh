#!/usr/bin/env bash
# Gate the kernel that a repository has just built; write reports to $REPORTS. Controlled by variables:
#
#   KERNEL       the kernel's file, or the file that the guest uses as its kernel (Hermit: libhermit.a)
#   GUEST        which guest boots it (default: linux)
#   BASELINES    folder of accepted counts, part of the repository; or empty
#   BASE_KERNEL  the kernel before the change; or empty
#   ACCEPT       true: write new BASELINES instead of comparing, for a person to check and commit
#   OPTIONS      further options of `ferrule gate`, one a line: --suite=ipc
#   REPORTS      folder for gate.md, gate.json, gate.xml, metrics.txt (default: ferrule-gate)
#
# Ends with 0: nothing got worse; 1: something did; 2: wrong usage; 3: no verdict.
set -euo pipefail
trap 'exit 3' ERR # a failure of this script is no regression

wrong() {
    printf 'gate.sh: %s\n' "$1" >&2
    exit 2
}

[ -x "${FERRULE_HOME:-}/bin/ferrule" ] || wrong "FERRULE_HOME: no ferrule there; run install.sh first"
[ -n "${KERNEL:-}" ] || wrong "KERNEL: name the kernel that is to be gated"
if [ "${ACCEPT:-}" = true ]; then
    [ -n "${BASELINES:-}" ] || wrong "BASELINES: name the folder that the accepted counts go to"
else
    [ -n "${BASELINES:-}${BASE_KERNEL:-}" ] || wrong "compare with what? name BASELINES, BASE_KERNEL or both"
fi

reports=${REPORTS:-ferrule-gate}
mkdir -p "$reports"
rm -f "$reports"/gate.* "$reports"/metrics.txt
words=(--guest "${GUEST:-linux}" --candidate "$KERNEL" --summary "$reports/gate.md")
while IFS= read -r word; do
    [ -n "$word" ] || continue
    case $word in
    --*=*)
        case ${word#*=} in
        \"*\" | \'*\') wrong "OPTIONS: $word: no shell reads it; leave out the quotes around the value" ;;
        esac
        ;;
    --*[[:space:]]*) wrong "OPTIONS: $word: write one option a line, as --suite=ipc" ;;
    esac
    words+=("$word")
done <<<"${OPTIONS:-}"
exports=(--junit "$reports/gate.xml" --gha "$reports/gate.json" --metrics "$reports/metrics.txt")

gate() { "$FERRULE_HOME/bin/ferrule" gate "${words[@]}" "$@"; }

first=0 second=0
if [ "${ACCEPT:-}" = true ]; then
    gate --baselines "$BASELINES" --update-baseline "${exports[@]}" || first=$?
    exit "$first"
fi
if [ -n "${BASELINES:-}" ]; then
    gate --baselines "$BASELINES" "${exports[@]}" || first=$?
    exports=()
fi
if [ -n "${BASE_KERNEL:-}" ]; then
    gate --base "$BASE_KERNEL" "${exports[@]}" || second=$?
fi
if [ "$first" -eq 1 ] || [ "$second" -eq 1 ]; then exit 1; fi # a regression takes precedence over a missing verdict
exit $((first > second ? first : second))
