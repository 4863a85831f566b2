namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>A request body as a runner gets it.</summary>
/// <param name="Parts">The body in parts, most of them of the client's body.</param>
/// <param name="AsksForUsage">Whether the daemon asks for token counts that the client did not ask for.</param>
internal readonly record struct EditedRequest(ReadOnlyMemory<byte>[] Parts, bool AsksForUsage);
