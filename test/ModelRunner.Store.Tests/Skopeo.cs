using ModelRunner.Testing;

namespace ModelRunner.Store.Tests;

/// <summary>Runs skopeo, another client of registries.</summary>
internal static class Skopeo
{
    public static async Task RunAsync(params string[] arguments)
    {
        string program = ExternalTool.RequireNamedBy("SKOPEO_PATH");
        string libraries = Path.Join(Path.GetDirectoryName(program), "../lib/x86_64-linux-gnu");
        (int exitCode, string output, string error) = await ChildProgram.RunAsync(
            "/usr/bin/env", [$"LD_LIBRARY_PATH={libraries}", "NO_PROXY=*", program, "--insecure-policy", .. arguments], [],
            TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output + error);
    }
}
