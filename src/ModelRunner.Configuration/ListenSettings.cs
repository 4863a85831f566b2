using System.Net;

namespace ModelRunner.Configuration;

/// <summary>The addresses on which the daemon listens. At least one of the two is set.</summary>
/// <param name="SocketPath">Absolute path of the Unix socket; null: none.</param>
/// <param name="Tcp">TCP address and port; null: none.</param>
/// <param name="IsTcpOptional">The TCP port is a default: it is opened if it is free, and left out otherwise.</param>
internal sealed record ListenSettings(string? SocketPath, IPEndPoint? Tcp, bool IsTcpOptional = false)
{
    /// <summary>The port that <c>--demo</c> opens: clients of Docker Model Runner use it by default.</summary>
    public const int DemoPort = 12434;

    /// <summary>TLS of the TCP port; null: none.</summary>
    public TlsSettings? Tls { get; init; }

    /// <summary>The scheme of the TCP port's addresses.</summary>
    public string Scheme => Tls is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;

    /// <summary>The name of the socket's option for this user: its flag, its variable, or its key in the file.</summary>
    public string SocketOption { get; init; } = ConfigurationCatalog.Socket.NameIn(OptionSource.Environment);

    /// <summary>The names of the options of the TCP address for this user.</summary>
    public string TcpOptions { get; init; } = NameTcp(OptionSource.Environment);

    /// <summary>The names of the options of the TCP address for a user who set the port in the given source.</summary>
    public static string NameTcp(OptionSource source) =>
        $"{ConfigurationCatalog.Port.NameIn(source)} or {ConfigurationCatalog.Bind.NameIn(source)}";
}
