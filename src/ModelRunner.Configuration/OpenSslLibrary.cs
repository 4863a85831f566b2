using System.Runtime.InteropServices;

namespace ModelRunner.Configuration;

/// <summary>
/// OpenSSL's library, which .NET needs for TLS and for hashes. If it is missing, the first use of either ends the process, so code checks
/// here before it uses one.
/// </summary>
internal static class OpenSslLibrary
{
    /// <summary>What to do if it is missing.</summary>
    public const string Remedy = "install OpenSSL's library (the package libssl3 on Debian and Ubuntu, openssl-libs on Fedora)";

    private const string OverrideVariable = "DOTNET_OPENSSL_VERSION_OVERRIDE";

    // The versions that .NET tries to load.
    private static readonly string[] Names = ["libssl.so.3", "libssl.so.1.1"];

    /// <summary>Whether the library can be loaded. It stays loaded.</summary>
    public static bool IsPresent()
    {
        string? version = Environment.GetEnvironmentVariable(OverrideVariable);
        return (version is not null && NativeLibrary.TryLoad($"libssl.so.{version}", out _))
            || Names.Any(static name => NativeLibrary.TryLoad(name, out _));
    }
}
