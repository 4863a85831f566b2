#!/bin/bash
# test.sh [PROJECT...]: builds everything and runs every test, or those of the named test projects (Scheduling, Daemon, …).
# What the tests need (Prometheus, promtool, prometheus_client, OpenTelemetry's definitions, docker-registry, skopeo, llama-server) is fetched into
# ${XDG_CACHE_HOME:-~/.cache}/model-runner once; nothing is installed. With CI=true a skipped test fails the run, and what native publishing
# needs is installed; elsewhere tests whose prerequisites are missing are skipped and say why. The last line of the output counts.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/model-runner
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# Native publishing links with a C compiler; a bare Debian to try it on comes from debootstrap.
install_packages() {
    local missing=()
    command -v gcc >/dev/null || missing+=(gcc libc6-dev)
    [ -e /usr/include/zlib.h ] || missing+=(zlib1g-dev)
    command -v debootstrap >/dev/null || [ -x /usr/sbin/debootstrap ] || missing+=(debootstrap)
    command -v python3 >/dev/null || missing+=(python3)
    [ ${#missing[@]} = 0 ] && return
    echo "test: installing ${missing[*]}"
    { apt-get update -q && apt-get install -qy --no-install-recommends "${missing[@]}"; } >/dev/null
}

fetch_judges() {
    local judges=$cache/judges
    if [ ! -e "$judges/complete" ]; then
        echo "test: fetching Prometheus, promtool and prometheus_client into $judges"
        rm -rf "$judges"
        eng/fetch-debian.sh bookworm "$judges" prometheus python3-prometheus-client python3-decorator || return
        touch "$judges/complete"
    fi
    export PATH=$judges/usr/bin:$PATH PYTHONPATH=$judges/usr/lib/python3/dist-packages${PYTHONPATH:+:$PYTHONPATH}
}

# The next major version reads pages with a parser of its own. Debian's stable suites do not have it.
fetch_prometheus3() {
    local judges=$cache/judges3
    if [ ! -e "$judges/complete" ]; then
        echo "test: fetching Prometheus 3 into $judges"
        rm -rf "$judges"
        eng/fetch-debian.sh sid "$judges" prometheus || return
        touch "$judges/complete"
    fi
    export PROMETHEUS3_PATH=$judges/usr/bin/prometheus
}

# One test reads the page through a proxy.
fetch_nginx() {
    local nginx=$cache/nginx
    if [ ! -e "$nginx/complete" ]; then
        echo "test: fetching nginx into $nginx"
        rm -rf "$nginx"
        eng/fetch-debian.sh bookworm "$nginx" nginx || return
        touch "$nginx/complete"
    fi
    export NGINX_PATH=$nginx/usr/sbin/nginx
}

# Models are pulled from a real registry, and pushed to it.
fetch_registry() {
    local registry=$cache/docker-registry
    if [ ! -e "$registry/complete" ]; then
        echo "test: fetching docker-registry into $registry"
        rm -rf "$registry"
        eng/fetch-debian.sh bookworm "$registry" docker-registry || return
        touch "$registry/complete"
    fi
    export DOCKER_REGISTRY_PATH=$registry/usr/bin/docker-registry
}

# Another client of registries. It brings the libraries that a small Debian does not have.
fetch_skopeo() {
    local judge=$cache/skopeo
    if [ ! -e "$judge/complete" ]; then
        echo "test: fetching skopeo into $judge"
        rm -rf "$judge"
        eng/fetch-debian.sh bookworm "$judge" skopeo libgpgme11 libassuan0 libgpg-error0 libdevmapper1.02.1 || return
        touch "$judge/complete"
    fi
    export SKOPEO_PATH=$judge/usr/bin/skopeo
}

# OpenTelemetry's own definitions of its protocol, with which the tests decode what the daemon sends.
fetch_otlp() {
    local judges=$cache/otlp
    if [ ! -e "$judges/complete" ]; then
        echo "test: fetching the definitions of OpenTelemetry's protocol into $judges"
        rm -rf "$judges"
        eng/fetch-debian.sh sid "$judges" python3-opentelemetry-proto python3-protobuf || return
        touch "$judges/complete"
    fi
    export OTLP_PROTO_PATH=$judges/usr/lib/python3/dist-packages
}

fetch_llama_server() {
    [ -z "${LLAMA_SERVER_PATH:-}" ] || return 0
    [ -x "$cache/llama-server/llama-server" ] || echo "test: fetching llama-server into $cache/llama-server"
    eng/get-llama-server.sh "$cache/llama-server" && export LLAMA_SERVER_PATH=$cache/llama-server/llama-server
}

fetch_bare_debian() {
    [ "$(id -u)" = 0 ] || return
    [ -e "$cache/bare-debian/complete" ] || echo "test: making a bare Debian in $cache/bare-debian"
    eng/get-bare-debian.sh "$cache/bare-debian" && export BARE_DEBIAN_PATH=$cache/bare-debian
}

# Runs one project and adds its counts to the sums. One that ends badly without saying which test failed counts as one failure.
# A test that hangs is named every five minutes, before the project is ended.
run() {
    local report=$results/$1.xml code=0 head failures
    timeout --kill-after=30 1500 "test/$1/bin/Debug/net10.0/$1" -noColor -noLogo -longRunning 300 -result-xml "$report" || code=$?
    head=$(grep -m 1 -o '<assembly [^>]*>' "$report" 2>/dev/null) || head='<assembly passed="0" failed="0" errors="0" skipped="0">'
    number() { grep -o " $1=\"[0-9]*\"" <<<"$head" | tr -dc 0-9; }
    failures=$(($(number failed) + $(number errors)))
    if [ "$code" != 0 ] && [ "$failures" = 0 ]; then
        echo "test: $1 ended with exit code $code"
        failures=1
    fi
    passed=$((passed + $(number passed))) failed=$((failed + failures)) skipped=$((skipped + $(number skipped)))
}

if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    install_packages || echo "test: some packages could not be installed"
fi
mkdir -p "$cache"
fetch_judges || echo "test: Prometheus and its tools could not be fetched"
fetch_prometheus3 || echo "test: Prometheus 3 could not be fetched"
fetch_nginx || echo "test: nginx could not be fetched"
fetch_registry || echo "test: docker-registry could not be fetched"
fetch_skopeo || echo "test: skopeo could not be fetched"
fetch_otlp || echo "test: the definitions of OpenTelemetry's protocol could not be fetched"
fetch_bare_debian || echo "test: there is no bare Debian to try the published program on"
fetch_llama_server || echo "test: llama-server could not be fetched"

dotnet build model-runner.slnx -v quiet

results=artifacts/test-results
rm -rf "$results"
mkdir -p "$results"
passed=0 failed=0 skipped=0
for folder in test/*.Tests; do
    project=$(basename "$folder")
    short=${project#ModelRunner.} short=${short%.Tests}
    [ $# = 0 ] || [[ " $* " == *" $short "* ]] || continue
    run "$project"
done

# Spaces and line breaks, by .editorconfig; the build checks the rest of the style.
if [ $# = 0 ]; then
    if dotnet format whitespace . --folder --verify-no-changes; then
        passed=$((passed + 1))
    else
        echo "test: the sources are not formatted; this formats them: dotnet format whitespace . --folder"
        failed=$((failed + 1))
    fi
fi

# A minute for what nobody thought of; the tests themselves fuzz for ten seconds. It prints how many inputs it tried.
if [ "${CI:-}" = true ] && [ $# = 0 ]; then
    if timeout 300 fuzz/ModelRunner.Fuzz/bin/Debug/net10.0/ModelRunner.Fuzz run --seconds 60; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
fi
eng/conclude.sh "$passed" "$failed" "$skipped"
