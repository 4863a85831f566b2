using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelRunner.Configuration;

/// <summary>Version and origin of this build: shown by <c>/version</c>, <c>model-runner version</c> and <c>model_runner_build_info</c>.</summary>
internal static class BuildInformation
{
    // The SDK writes VERSION or VERSION+REVISION.
    private static readonly string[] Parts =
        (typeof(BuildInformation).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "dev").Split('+', 2);

    /// <summary>The version of the product, for instance <c>0.1.0</c>.</summary>
    public static string Version { get; } = Parts[0];

    /// <summary>The commit of the build. Null in a Debug build, and if the sources were not in a git repository.</summary>
    public static string? Revision { get; } = Parts.Length > 1 ? Parts[1] : null;

    /// <summary>The runtime, for instance <c>.NET 10.0.12</c>.</summary>
    public static string Runtime { get; } = RuntimeInformation.FrameworkDescription;

    /// <summary>Whether the process runs ahead-of-time compiled code.</summary>
    public static bool IsNativeAot { get; } = !RuntimeFeature.IsDynamicCodeSupported;
}
