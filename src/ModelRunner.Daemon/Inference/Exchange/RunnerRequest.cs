using ModelRunner.Daemon.Inference.Recording;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>The request that a runner gets for a client's request.</summary>
/// <param name="Path">The route at the runner, without a slash in front, for instance <c>v1/chat/completions</c>.</param>
/// <param name="Body">
/// The client's body; valid until the response has ended. It is sent unchanged, except for what <see cref="RequestEditor"/> writes.
/// </param>
internal readonly record struct RunnerRequest(string Path, ReadOnlyMemory<byte> Body)
{
    /// <summary>Whether the client asks for a stream of events, which may begin with comments.</summary>
    public bool IsStream { get; init; }

    /// <summary>What the client says about the scheduling of the request.</summary>
    public RequestWishes Wishes { get; init; }

    /// <summary>Gets the response; null: it is not recorded.</summary>
    public BodyCopy? Copy { get; init; }
}
