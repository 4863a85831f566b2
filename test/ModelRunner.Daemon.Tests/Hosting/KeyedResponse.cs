using System.Net;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>What a client with a key got.</summary>
/// <param name="Status">The status.</param>
/// <param name="Text">The body.</param>
/// <param name="RetryAfter">When to try again; null: the response does not say.</param>
/// <param name="ShouldRetry">The value of <c>x-should-retry</c>; null: none.</param>
internal sealed record KeyedResponse(HttpStatusCode Status, string Text, TimeSpan? RetryAfter, string? ShouldRetry);
