#!/bin/sh
# conclude.sh PASSED FAILED SKIPPED: prints the sum of all tests as the last line, and fails where a test failed or none passed.
# With CI=true every test must run, so that a skipped one counts as failed.
set -eu
passed=$1 failed=$2 skipped=$3
if [ "${CI:-}" = true ] && [ "$skipped" != 0 ]; then
    echo "test: $skipped tests were skipped; with CI=true every test must run, so they count as failed"
    failed=$((failed + skipped)) skipped=0
fi
echo "tests: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
