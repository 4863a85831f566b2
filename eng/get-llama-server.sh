#!/bin/sh
# get-llama-server.sh FOLDER: puts a real llama-server at FOLDER/llama-server and nothing anywhere else.
# It comes from Debian sid, in seconds and with its own C library. Where that cannot be had it is built from the sources inside the npm
# package node-llama-cpp, which takes two cores about five minutes and needs npm, git, cmake and a C++ compiler.
set -eu
engine=$(dirname "$(realpath "$0")")
mkdir -p "$1"
folder=$(realpath "$1")
fail() { echo "get-llama-server: $1" >&2; exit 1; }

from_debian() {
    root=$folder/debian
    rm -rf "$root"
    "$engine/fetch-debian.sh" sid "$root" \
        llama.cpp-tools libllama0 libggml0 libgomp1 libc6 libstdc++6 libgcc-s1 libssl3t64 zlib1g libzstd1 || return 1

    # The folder of the CPU backends is compiled in, so the one to use is named. AVX-512 is left alone: it slows small models down.
    lib=$root/usr/lib/x86_64-linux-gnu
    variant=x64
    grep -qw avx2 /proc/cpuinfo && variant=haswell
    backend=$(find "$lib/ggml" -name "libggml-cpu-$variant.so" 2>/dev/null | head -n 1)
    [ -n "$backend" ] || { echo "get-llama-server: sid's libggml0 has no CPU backend $variant" >&2; return 1; }
    write_wrapper "export GGML_BACKEND_PATH=\"\${GGML_BACKEND_PATH:-$backend}\"" \
        "exec \"$lib/ld-linux-x86-64.so.2\" --library-path \"$lib:$lib/llama\" --argv0 llama-server \"$root/usr/bin/llama-server\" \"\$@\""
}

from_source() {
    for tool in npm git cmake c++; do
        command -v "$tool" >/dev/null || { echo "get-llama-server: $tool is missing, which a build from source needs" >&2; return 1; }
    done
    build=$folder/build
    rm -rf "$build"
    mkdir -p "$build/package"
    (
        cd "$build"
        npm pack --silent node-llama-cpp@3.22.1
        tar xzf node-llama-cpp-*.tgz -C package --strip-components=1
        git clone -q package/llama/gitRelease.bundle source
        cmake -S source -B out -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=OFF -DGGML_AVX512=OFF -DBUILD_SHARED_LIBS=OFF \
            -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_CURL=OFF
        cmake --build out --target llama-server --parallel "$(nproc)"
    ) >"$folder/build.log" 2>&1 || { tail -n 5 "$folder/build.log" >&2; return 1; }
    cp "$build/out/bin/llama-server" "$folder/llama-server.built"
    rm -rf "$build"
    write_wrapper "exec \"$folder/llama-server.built\" \"\$@\""
}

write_wrapper() {
    printf '%s\n' '#!/bin/sh' "$@" >"$folder/llama-server.part"
    chmod +x "$folder/llama-server.part"
    "$folder/llama-server.part" --version >/dev/null 2>&1 || { echo "get-llama-server: what was fetched does not run here" >&2; return 1; }
    mv "$folder/llama-server.part" "$folder/llama-server"
}

[ -x "$folder/llama-server" ] && "$folder/llama-server" --version >/dev/null 2>&1 && exit 0
from_debian || from_source || fail "there is no llama-server to be had: neither from Debian sid nor built from source"
