#!/bin/sh
# lock.sh: writes the lock files of all packages anew, after a change of packages, of references between projects, or of the SDK.
set -eu
cd "$(dirname "$(realpath "$0")")/.."
version=$(dotnet msbuild src/ModelRunner.Exposition -getProperty:BundledNETCoreAppPackageVersion)
sed -i "s#<LockedRuntimeVersion>.*</LockedRuntimeVersion>#<LockedRuntimeVersion>$version</LockedRuntimeVersion>#" Directory.Build.targets
find . -name 'packages*.lock.json' -not -path './artifacts/*' -delete
CI=false dotnet restore model-runner.slnx --force-evaluate -v quiet
CI=false dotnet restore src/ModelRunner.Daemon --force-evaluate -v quiet -p:_IsPublishing=true -p:Configuration=Release
