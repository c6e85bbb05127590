#!/usr/bin/env bash
# Runs this example against the mock provider: starts it with the limits and answers of
# mock_scenario.json, runs `fleet run` on the licence texts of this system, prints what came out and
# what the provider counted, and stops it. No key is needed and nothing leaves this machine.
set -euo pipefail
unset CDPATH

example=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
programs=$example/../../../../build/bin
count=24
folder=''

usage() {
    cat <<'TEXT'
Usage: run_with_mock.sh [--count N] [--folder DIR] [--programs DIR]

  --count N        how many texts (24)
  --folder DIR     a new folder for items, store and results (one below /tmp)
  --programs DIR   where fleet, worker, scaler and mock_provider are (build/bin)
TEXT
}
die() {
    printf '%s\n' "run_with_mock: $*" >&2
    exit 1
}
usage_error() {
    printf '%s\n' "run_with_mock: $*; see --help" >&2
    exit 2
}

while (($# > 0)); do
    case $1 in
        -h | --help)
            usage
            exit 0
            ;;
        --count)
            [[ ${2:-} =~ ^[1-9][0-9]{0,5}$ ]] || usage_error "--count needs a number from 1 to 999999"
            count=$2
            ;;
        --folder)
            [[ -n ${2:-} ]] || usage_error "--folder needs a folder"
            folder=$2
            ;;
        --programs)
            [[ -d ${2:-} ]] || usage_error "--programs needs a folder that is there"
            programs=$2
            ;;
        *) usage_error "unknown option '$1'" ;;
    esac
    shift 2
done
for program in fleet worker scaler mock_provider; do
    [[ -x $programs/$program ]] ||
        die "$programs/$program is not there; build it first: ./dev build"
done
programs=$(cd -- "$programs" && pwd)
for tool in python3 jq; do
    command -v "$tool" >/dev/null || die "$tool is not installed; run ./dev setup"
done

if [[ -n $folder ]]; then
    mkdir -p -- "$(dirname -- "$folder")"
    mkdir -- "$folder" || die "--folder must be a new one"
else
    folder=$(mktemp -d "${TMPDIR:-/tmp}/fleet-papers.XXXXXX")
fi
cd -- "$folder"
cp -R -- "$example/machine.yml" "$example/fleet.yml" "$example/agents" "$example/prompts" .

# The mock ends with this script, however that ends.
"$programs/mock_provider" --scenario "$example/mock_scenario.json" --port-file port \
    --until-process-ends $$ >mock.log 2>&1 &
mock=$!
trap 'kill "$mock" 2>/dev/null || true' EXIT
for ((tries = 0; ; ++tries)); do
    [[ ! -s port ]] || break
    kill -0 "$mock" 2>/dev/null || die "the mock provider ended: $(cat mock.log)"
    ((tries < 200)) || die "the mock provider does not listen after 10 s: see $PWD/mock.log"
    sleep 0.05
done
url=http://127.0.0.1:$(cat port)

# The same two models at another address.
sed "s|^\\( *\\)provider: openai\$|&\\n\\1base_url: $url/v1|" "$example/profiles.yml" >profiles.yml
[[ $(grep -c "base_url: $url/v1" profiles.yml) == 2 ]] ||
    die "the two models of $example/profiles.yml were not found"

"$example/make_items" --count "$count" >items.jsonl
export FLEET_STORE=sqlite:$PWD/.fleet/fleet.db OPENAI_API_KEY=the-mock-takes-any-key
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1
"$programs/fleet" run --items items.jsonl --slots 8 --output results.jsonl machine.yml ||
    die "fleet run ended with exit code $?; its store is in $PWD/.fleet"

printf '\n%s\n' 'The first results, without their summaries'
jq -rn 'limit(3; inputs) | .output | "\(.name): \(.title) (\(.keywords | join(", ")))"' results.jsonl

printf '\n%s\n' 'What the fleet knows of the two models'
"$programs/fleet" providers
printf '\n%s\n' 'Calls and costs of today'
"$programs/fleet" budget
printf '\n%s\n  %s\n  %s\n  %s\n' "$(wc -l <results.jsonl) results" "results  $PWD/results.jsonl" \
    "store    $PWD/.fleet/fleet.db" "to look  cd $PWD && $programs/fleet ps"
