namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>What is sent to a runner for a client's request.</summary>
/// <param name="Path">The route at the runner, without a slash in front, for instance <c>v1/chat/completions</c>.</param>
/// <param name="Body">
/// The client's body; valid until the answer has ended. It is sent byte for byte, but for the name of the model where the runner knows it by
/// another one.
/// </param>
internal readonly record struct RunnerRequest(string Path, ReadOnlyMemory<byte> Body);
