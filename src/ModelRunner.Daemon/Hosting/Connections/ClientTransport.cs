using System.IO.Pipelines;

namespace ModelRunner.Daemon.Hosting.Connections;

/// <summary>Both directions of a connection.</summary>
/// <param name="Input">What the client sends.</param>
/// <param name="Output">What is sent to it.</param>
internal sealed record ClientTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
