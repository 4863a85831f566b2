using System.Net;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Access;

/// <summary>
/// Refuses host names that a page of the Internet could have made to resolve to this machine (DNS rebinding): the browser then sends the
/// attacker's name as Host. A numeric address cannot be rebound.
/// </summary>
/// <param name="settings">The settings.</param>
/// <param name="requiresKey">Returns whether clients on TCP must send a key.</param>
internal sealed class HostPolicy(DaemonSettings settings, Func<bool> requiresKey)
{
    private const int MaxName = 200;

    /// <summary>Suffixes that cannot be registered: RFC 6761, RFC 6762, and the one that ICANN reserved for private use.</summary>
    private static readonly string[] PrivateEndings = [".localhost", ".local", ".internal"];

    /// <summary>The names by which containers reach their host. They end in <c>.internal</c>, which cannot be registered.</summary>
    internal static IReadOnlyList<string> ContainerHosts { get; } =
    [
        "model-runner.docker.internal", "host.docker.internal", "gateway.docker.internal", "host.containers.internal",
    ];

    // A daemon that listens for other machines is called by names that they know; in a container network that is often a single word.
    private readonly bool _takesPrivateNames = settings.Listen.Tcp is { } tcp && !IPAddress.IsLoopback(tcp.Address);

    public ApiError? Check(HttpRequest request)
    {
        string name = WithoutFinalDot(request.Host.Host);

        // A page does not know a key, so rebinding a name does not help an attacker.
        if (requiresKey() || IsLocal(name) || IsAllowed(name) || (_takesPrivateNames && IsPrivate(name)))
            return null;

        // HTTP/1.0 has no Host. No browser speaks it.
        if (!request.Headers.ContainsKey("Host") && HttpProtocol.IsHttp10(request.Protocol))
            return null;

        return new ApiError(StatusCodes.Status403Forbidden,
            $"the host name \"{PlainText.EscapeAndCut(name, MaxName)}\" is not served; "
            + "use localhost or the IP address, add the name to allowedHosts, or set MODEL_RUNNER_API_KEY",
            ApiError.Permission, "host_not_allowed");
    }

    // The final dot marks a fully qualified name.
    private static string WithoutFinalDot(string name) => name.Length > 1 && name[^1] == '.' ? name[..^1] : name;

    private bool IsAllowed(string name) =>
        ContainerHosts.Contains(name, StringComparer.OrdinalIgnoreCase)
        || settings.AllowedHosts.Any(allowed => allowed.StartsWith("*.", StringComparison.Ordinal)
            ? name.Length > allowed.Length - 1 && name.EndsWith(allowed[1..], StringComparison.OrdinalIgnoreCase)
            : string.Equals(name, allowed, StringComparison.OrdinalIgnoreCase));

    private static bool IsLocal(string name) =>
        string.Equals(name, "localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(name.Trim('[', ']'), out _);

    private static bool IsPrivate(string name) =>
        (name.Length > 0 && !name.Contains('.', StringComparison.Ordinal))
        || Array.Exists(PrivateEndings, ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
}
