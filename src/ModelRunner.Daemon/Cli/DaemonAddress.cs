using System.Net;
using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Cli;

/// <summary>Where the daemon is: exactly one of socket and address is set.</summary>
/// <param name="SocketPath">Absolute path of its Unix socket.</param>
/// <param name="Address">Its http address.</param>
/// <param name="ApiKey">The key to send; null: none.</param>
internal sealed record DaemonAddress(string? SocketPath, Uri? Address, string? ApiKey)
{
    private const string HostVariable = "MODEL_RUNNER_HOST";

    /// <inheritdoc/>
    public override string ToString() => SocketPath is null ? Address!.GetLeftPart(UriPartial.Authority) : $"unix:{SocketPath}";

    /// <summary>
    /// Finds the daemon: where the flag says, where MODEL_RUNNER_HOST says, else where a daemon would listen that was started here with
    /// the same environment and configuration file.
    /// </summary>
    /// <exception cref="CliFailure">What is written is not an address.</exception>
    public static DaemonAddress Find(string? host, DaemonOptions surroundings)
    {
        var ignored = new List<ConfigurationProblem>();
        ConfigurationFile file = ConfigurationFile.Read(surroundings, ignored);

        // Whatever else is wrong in the file is the daemon's business.
        var problems = new List<ConfigurationProblem>();
        var reader = new OptionReader(new WrittenOptions(surroundings, file), problems);
        string? key = reader.Secret(ConfigurationCatalog.ApiKey);
        if (host is not null)
            return Parse("--host", host, key, surroundings);
        if (surroundings.Variable(HostVariable) is { } variable)
            return Parse(HostVariable, variable, key, surroundings);

        ListenSettings listen = ListenResolver.Resolve(reader);
        return problems.Count == 0 ? Of(listen, key) : throw new CliFailure(problems[0].ToString(), ExitCode.Usage);
    }

    private static DaemonAddress Of(ListenSettings listen, string? key)
    {
        if (listen.Tcp is not { } tcp || listen.SocketPath is not null)
            return new DaemonAddress(listen.SocketPath, null, key);
        if (tcp.Port == 0)
            throw new CliFailure("the port is 0, so the daemon took any free one; say which with --host", ExitCode.Usage);

        // A daemon that listens everywhere listens on loopback too.
        IPAddress address = tcp.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : tcp.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : tcp.Address;
        return new DaemonAddress(null, new Uri($"http://{new IPEndPoint(address, tcp.Port)}/"), key);
    }

    private static DaemonAddress Parse(string key, string text, string? apiKey, DaemonOptions surroundings)
    {
        if (text.StartsWith('/') || text.StartsWith('.') || text.EndsWith(".sock", StringComparison.Ordinal) && !text.Contains(':', StringComparison.Ordinal))
            return new DaemonAddress(PathText.Resolve(text, surroundings, surroundings.WorkingDirectory), null, apiKey);

        string endpoint = text.Contains("://", StringComparison.Ordinal) || text.StartsWith("unix:", StringComparison.Ordinal) ? text : $"http://{text}";
        if (EndpointText.TryParse(endpoint, out string? socketPath, out Uri? address))
            return new DaemonAddress(socketPath, address, apiKey);

        throw new CliFailure(
            new ConfigurationProblem(key, text, "is not where a daemon can be", $"write the path of a socket, {EndpointText.Expected}").ToString(),
            ExitCode.Usage);
    }
}
