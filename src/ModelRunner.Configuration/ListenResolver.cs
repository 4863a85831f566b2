using System.Net;
using System.Text;

namespace ModelRunner.Configuration;

/// <summary>Resolves the addresses on which the daemon listens, where its clients also find it.</summary>
internal static class ListenResolver
{
    /// <summary>The default name of the socket, in the working directory.</summary>
    public const string DefaultSocketName = "model-runner.sock";

    /// <summary>The kernel's limit is 108 bytes with the final zero.</summary>
    private const int MaxSocketPathBytes = 107;

    public static ListenSettings Resolve(OptionReader reader)
    {
        bool hasPort = reader.IsWritten(ConfigurationCatalog.Port);
        int? port = reader.IntegerOrNull(ConfigurationCatalog.Port);
        IPAddress address = ReadAddress(reader);
        string? socket = reader.Path(ConfigurationCatalog.Socket);
        if (socket is null && !hasPort)
            socket = Path.Join(reader.Options.WorkingDirectory, DefaultSocketName);

        CheckSocket(socket, reader);
        if (!hasPort && reader.Written.Find(ConfigurationCatalog.Bind) is { } bind)
        {
            reader.Problems.Add(new ConfigurationProblem(
                bind.Key, bind.Text, "is an address without a port", $"set {ConfigurationCatalog.Port.NameIn(bind.Source)} too, or leave the address out"));
        }

        return new ListenSettings(socket, hasPort ? new IPEndPoint(address, port ?? 0) : null)
        {
            SocketOption = ConfigurationCatalog.Socket.NameIn(SourceOf(ConfigurationCatalog.Socket, reader)),
            Tls = TlsResolver.Resolve(reader, hasPort || (reader.IsOn(ConfigurationCatalog.Demo) && !reader.IsWritten(ConfigurationCatalog.Socket))),
            TcpOptions = ListenSettings.NameTcp(SourceOf(ConfigurationCatalog.Port, reader)),
        };
    }

    /// <summary>Refuses an address that other machines can reach if there is neither a key nor the option that allows that.</summary>
    public static void CheckExposure(ListenSettings listen, bool hasKey, bool isInsecure, OptionReader reader)
    {
        if (listen.Tcp is null || IPAddress.IsLoopback(listen.Tcp.Address) || hasKey || isInsecure)
            return;
        if (reader.IsWritten(ConfigurationCatalog.ApiKey))
            return;
        if (reader.Written.Find(ConfigurationCatalog.Bind) is not { } bind)
        {
            // The address of a running daemon. Only a restart changes it.
            reader.Problems.Add(new ConfigurationProblem(ConfigurationCatalog.ApiKey.Name, null,
                $"is missing, and other machines can reach {listen.Tcp}, on which the daemon listens until it is restarted",
                "set a key, or restart the daemon"));
            return;
        }

        reader.Problems.Add(new ConfigurationProblem(bind.Key, bind.Text, "can be reached from other machines and there is no key",
            $"set {ConfigurationCatalog.ApiKey.NameIn(bind.Source)}, or {ConfigurationCatalog.Insecure.SwitchedOnIn(bind.Source)} if every client may use it"));
    }

    // A user who wrote nothing gets the name of the variable.
    private static OptionSource SourceOf(ConfigurationOption option, OptionReader reader) =>
        reader.Written.Find(option)?.Source ?? OptionSource.Environment;

    private static IPAddress ReadAddress(OptionReader reader)
    {
        IPAddress fallback = IPAddress.Parse(ConfigurationCatalog.Bind.Default);
        if (reader.Written.Find(ConfigurationCatalog.Bind) is not { } bind)
            return fallback;
        if (string.Equals(bind.Text, "localhost", StringComparison.OrdinalIgnoreCase))
            return IPAddress.Loopback;
        if (IsAddress(bind.Text, out IPAddress? address))
            return address;

        reader.Report(bind, ConfigurationCatalog.Bind);
        return fallback;
    }

    // IPAddress also accepts "1" and "0x7f.1", which are certainly mistakes.
    private static bool IsAddress(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IPAddress? address) =>
        IPAddress.TryParse(text, out address) && (text.Contains(':', StringComparison.Ordinal) || text.AsSpan().Count('.') == 3);

    private static void CheckSocket(string? socket, OptionReader reader)
    {
        if (socket is null || Encoding.UTF8.GetByteCount(socket) <= MaxSocketPathBytes)
            return;

        WrittenValue? written = reader.Written.Find(ConfigurationCatalog.Socket);
        reader.Problems.Add(new ConfigurationProblem(written?.Key ?? ConfigurationCatalog.Socket.NameIn(OptionSource.Environment), socket,
            "is longer than the 107 bytes that a socket path may have", "name a shorter path, for instance below /run or /tmp"));
    }
}
