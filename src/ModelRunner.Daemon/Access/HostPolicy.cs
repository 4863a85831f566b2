using System.Net;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Access;

/// <summary>
/// Refuses names that a page of the Internet could have pointed at this machine (DNS rebinding): the attacker's own name is what the
/// browser then sends as Host. An address written in numbers cannot be rebound.
/// </summary>
internal sealed class HostPolicy(DaemonSettings settings)
{
    private const int MaxName = 200;

    /// <summary>Endings that nobody can register: RFC 6761, RFC 6762, and the one that ICANN reserved for private use.</summary>
    private static readonly string[] PrivateEndings = [".localhost", ".local", ".internal"];

    /// <summary>The names by which containers reach the machine that they run on. They end in <c>.internal</c>, so nobody can register them.</summary>
    private static readonly string[] ContainerHosts =
    [
        "model-runner.docker.internal", "host.docker.internal", "gateway.docker.internal", "host.containers.internal",
    ];

    // A page does not know the key, so a rebound name gains it nothing.
    private readonly bool _takesAnyName = settings.ApiKey is not null;

    // Who serves other machines is called by the names that those know it by, in a container's network a single word.
    private readonly bool _takesPrivateNames = settings.Listen.Tcp is { } tcp && !IPAddress.IsLoopback(tcp.Address);

    public ApiError? Check(HttpRequest request)
    {
        string name = WithoutFinalDot(request.Host.Host);
        if (_takesAnyName || IsLocal(name) || IsAllowed(name) || (_takesPrivateNames && IsPrivate(name)))
            return null;

        // HTTP/1.0 has no Host. No browser speaks it.
        if (!request.Headers.ContainsKey("Host") && HttpProtocol.IsHttp10(request.Protocol))
            return null;

        return new ApiError(StatusCodes.Status403Forbidden,
            $"the host name \"{PlainText.EscapeAndCut(name, MaxName)}\" is not served; "
            + "use localhost or the address in numbers, add the name to allowedHosts, or set MODEL_RUNNER_API_KEY",
            ApiError.Permission, "host_not_allowed");
    }

    // The final dot says that the name is whole.
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
