using System.Reflection;

namespace ModelRunner.LlamaHost.Http;

/// <summary>The identity of the program.</summary>
internal static class BuildInfo
{
    /// <summary>Name and version.</summary>
    public static string Text { get; } =
        "llama-host-"
            + (typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0");
}
