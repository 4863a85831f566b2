using System.Net;

namespace ModelRunner.Daemon.Configuration;

/// <summary>Where the daemon listens. At least one of the two is set.</summary>
/// <param name="SocketPath">Absolute path of the Unix socket; null: none.</param>
/// <param name="Tcp">TCP address and port; null: none.</param>
/// <param name="IsTcpOptional">Nobody asked for the TCP port: it is opened where it is free, and left out where it is not.</param>
internal sealed record ListenSettings(string? SocketPath, IPEndPoint? Tcp, bool IsTcpOptional = false)
{
    /// <summary>The port that <c>--demo</c> opens: the one at which clients of Docker Model Runner look.</summary>
    public const int DemoPort = 12434;
}
