using System.Net;

namespace ModelRunner.Daemon.Configuration;

/// <summary>Where the daemon listens. At least one of the two is set.</summary>
/// <param name="SocketPath">Absolute path of the Unix socket; null: none.</param>
/// <param name="Tcp">TCP address and port; null: none.</param>
internal sealed record ListenSettings(string? SocketPath, IPEndPoint? Tcp);
