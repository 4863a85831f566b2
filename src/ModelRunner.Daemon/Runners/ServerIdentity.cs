using System.Net;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Runners;

/// <summary>Finds out whether attached runners are the same server under different addresses.</summary>
internal static class ServerIdentity
{
    private const int MaxLinks = 32;

    /// <summary>The address of its server. Symbolic links of a socket's path are resolved now.</summary>
    public static string Of(AttachedRunnerSettings runner) =>
        runner.SocketPath is { } path ? $"unix:{WithoutLinks(path, MaxLinks)}" : Of(runner.Address!);

    // All loopback names and addresses lead to the same port, except for the rest of 127.0.0.0/8.
    private static string Of(Uri address)
    {
        string host = address.IdnHost.TrimEnd('.').ToLowerInvariant();
        if (IPAddress.TryParse(host, out IPAddress? ip))
        {
            ip = ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip;
            bool isLoopback = ip.Equals(IPAddress.Loopback) || ip.Equals(IPAddress.IPv6Loopback) || ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any);
            host = isLoopback ? "localhost" : ip.ToString();
        }

        return FormattableString.Invariant($"{host}:{address.Port}{address.AbsolutePath.TrimEnd('/')}");
    }

    private static string WithoutLinks(string path, int left)
    {
        try
        {
            if (left == 0 || Path.GetDirectoryName(path) is not { } folder)
                return path;
            string plain = Path.Join(WithoutLinks(folder, left - 1), Path.GetFileName(path));
            return new FileInfo(plain).LinkTarget is { } target
                ? WithoutLinks(Path.GetFullPath(target, Path.GetDirectoryName(plain)!), left - 1)
                : plain;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return path;
        }
    }
}
