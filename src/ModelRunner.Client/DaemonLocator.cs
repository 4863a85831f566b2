using System.Globalization;
using System.Net;
using ModelRunner.Client.Discovery;
using ModelRunner.Configuration;
using ModelRunner.Linux.Sockets;

namespace ModelRunner.Client;

/// <summary>Finds the daemon that a command should use.</summary>
internal static class DaemonLocator
{
    private const string HostVariable = "MODEL_RUNNER_HOST";
    private const string UnixPrefix = "unix:";
    private const int MaxShown = 8;

    /// <summary>
    /// Uses the first of these that is set: the flag, MODEL_RUNNER_HOST, the socket or port in the environment or in the configuration file,
    /// the socket in the working directory if a process listens on it, and the registry of this user's running daemons.
    /// </summary>
    /// <exception cref="CliFailure">A setting is not an address, or several daemons run and no setting selects one.</exception>
    public static DaemonAddress Find(string? host, DaemonOptions daemonOptions)
    {
        if (host is not null)
            return Parse("--host", host, AddressSource.Flag, daemonOptions);
        if (daemonOptions.Variable(HostVariable) is { } variable)
            return Parse(HostVariable, variable, AddressSource.Environment, daemonOptions);

        // Other problems in the file only concern the daemon.
        ConfigurationFile file = ConfigurationFile.Read(daemonOptions, []);
        var problems = new List<ConfigurationProblem>();
        var reader = new OptionReader(new WrittenOptions(daemonOptions, file), problems);
        ListenSettings listen = ListenResolver.Resolve(reader);
        if (problems.Count > 0)
            throw new CliFailure(problems[0].ToString(), ExitCode.Usage);

        if (listen.SocketPath is { } socket)
        {
            AddressSource source = SourceOf(reader, ConfigurationCatalog.Socket);
            return source != AddressSource.WorkingDirectory || UnixSystem.IsListening(socket)
                ? new DaemonAddress(socket, null, source)
                : FromRegistry(daemonOptions) ?? new DaemonAddress(socket, null, source);
        }

        if (listen.Tcp is { Port: > 0 } tcp)
        {
            return new DaemonAddress(null, Reachable(tcp, listen.Scheme), SourceOf(reader, ConfigurationCatalog.Port, ConfigurationCatalog.Bind))
            {
                AuthorityPath = listen.Tls?.AuthorityPath,
            };
        }

        return FromRegistry(daemonOptions)
            ?? throw new CliFailure("the daemon is not running: its port is 0, and no running daemon of this user is known", ExitCode.NotRunning);
    }

    private static IReadOnlyList<RunningDaemon> ListRunning(DaemonOptions daemonOptions)
    {
        try
        {
            return DaemonRegistry.Of(daemonOptions).List();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"cannot look for running daemons: {failure.Message}; name one with --host ADDRESS", ExitCode.NotRunning);
        }
    }

    private static DaemonAddress? FromRegistry(DaemonOptions daemonOptions)
    {
        IReadOnlyList<RunningDaemon> running = ListRunning(daemonOptions);
        if (running.Count > 1)
        {
            IEnumerable<string> shown = running.Take(MaxShown).Select(static daemon =>
                string.Create(CultureInfo.InvariantCulture, $"{daemon.Address} (process {daemon.ProcessId}, started in {daemon.WorkingDirectory})"));
            throw new CliFailure($"{running.Count} daemons are running: {string.Join(", ", shown)}; choose one with --host ADDRESS", ExitCode.Usage);
        }

        return running is [var only]
            ? new DaemonAddress(only.SocketPath, only.SocketPath is null ? only.Addresses[0] : null, AddressSource.Registry)
            {
                AuthorityPath = only.AuthorityPath,
            }
            : null;
    }

    // An address that consists of several settings is as trustworthy as the least trustworthy of them.
    private static AddressSource SourceOf(OptionReader reader, params ReadOnlySpan<ConfigurationOption> options)
    {
        AddressSource source = AddressSource.WorkingDirectory;
        foreach (ConfigurationOption option in options)
        {
            if (reader.Written.Find(option) is not { } written)
                continue;
            if (written.Source == OptionSource.File)
                return AddressSource.File;
            source = AddressSource.Environment;
        }

        return source;
    }

    // A daemon that listens on all addresses also listens on loopback.
    private static Uri Reachable(IPEndPoint tcp, string scheme)
    {
        IPAddress address = tcp.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : tcp.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : tcp.Address;
        return new Uri($"{scheme}://{new IPEndPoint(address, tcp.Port)}/");
    }

    private static DaemonAddress Parse(string key, string text, AddressSource source, DaemonOptions daemonOptions)
    {
        if (text.StartsWith('/') || text.StartsWith('.') || text.EndsWith(".sock", StringComparison.Ordinal) && !text.Contains(':', StringComparison.Ordinal))
            return new DaemonAddress(PathText.Resolve(text, daemonOptions, daemonOptions.WorkingDirectory), null, source);

        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal) && text.Length > UnixPrefix.Length && text[UnixPrefix.Length] != '/')
            text = UnixPrefix + PathText.Resolve(text[UnixPrefix.Length..], daemonOptions, daemonOptions.WorkingDirectory);

        string endpoint = text.Contains("://", StringComparison.Ordinal) || text.StartsWith(UnixPrefix, StringComparison.Ordinal) ? text : $"http://{text}";
        if (EndpointText.TryParseWithTls(endpoint, out string? socketPath, out Uri? address))
            return new DaemonAddress(socketPath, address, source) { AuthorityPath = FindAuthority(address, daemonOptions) };

        throw new CliFailure(
            new ConfigurationProblem(
                key, text, "is not an address of a daemon",
                "write the path of a socket, with or without the prefix unix:, or http://host:port or https://host:port").ToString(),
            ExitCode.Usage);
    }

    // A daemon of this user with an authority of its own needs no setting in its clients.
    private static string? FindAuthority(Uri? address, DaemonOptions daemonOptions)
    {
        if (address?.Scheme != Uri.UriSchemeHttps)
            return null;
        try
        {
            return DaemonRegistry.Of(daemonOptions).List().FirstOrDefault(daemon => daemon.Addresses.Any(IsAddress))?.AuthorityPath;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        // Another program on the same port of another loopback address has no certificate of this authority.
        bool IsAddress(Uri other) => other.Port == address.Port
            && (string.Equals(other.Host, address.Host, StringComparison.OrdinalIgnoreCase) || (other.IsLoopback && address.IsLoopback));
    }
}
