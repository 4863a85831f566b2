using System.Net;

namespace ModelRunner.Configuration;

/// <summary>Where the daemon listens. At least one of the two is set.</summary>
/// <param name="SocketPath">Absolute path of the Unix socket; null: none.</param>
/// <param name="Tcp">TCP address and port; null: none.</param>
/// <param name="IsTcpOptional">Nobody asked for the TCP port: it is opened where it is free, and left out where it is not.</param>
internal sealed record ListenSettings(string? SocketPath, IPEndPoint? Tcp, bool IsTcpOptional = false)
{
    /// <summary>The port that <c>--demo</c> opens: the one at which clients of Docker Model Runner look.</summary>
    public const int DemoPort = 12434;

    /// <summary>What the user calls the socket's option: its flag, its variable, or its key in the file.</summary>
    public string SocketOption { get; init; } = ConfigurationCatalog.Socket.NameIn(OptionSource.Environment);

    /// <summary>What the user calls the options of the TCP address.</summary>
    public string TcpOptions { get; init; } = NameTcp(OptionSource.Environment);

    /// <summary>What a user who wrote the port in one place calls the options of the TCP address.</summary>
    public static string NameTcp(OptionSource source) =>
        $"{ConfigurationCatalog.Port.NameIn(source)} or {ConfigurationCatalog.Bind.NameIn(source)}";
}
