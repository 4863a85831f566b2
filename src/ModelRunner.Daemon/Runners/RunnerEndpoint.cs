namespace ModelRunner.Daemon.Runners;

/// <summary>
/// How to reach one runner. It owns connection pools of its own, so that no answer can come from another runner; it lives as long as the
/// runner's start does.
/// </summary>
/// <param name="BaseAddress">Ends in a slash. The authority is unique to this start.</param>
/// <param name="Client">Sends requests to this runner only: no redirects, no cookies, no proxy, no decompression.</param>
/// <param name="Display">What a person calls it: <c>unix:/path</c> or <c>http://host:port</c>.</param>
internal sealed record RunnerEndpoint(Uri BaseAddress, HttpMessageInvoker Client, string Display)
{
    /// <summary>As <see cref="Client"/>, for what the daemon itself asks: requests that wait for a connection cannot delay it.</summary>
    public HttpMessageInvoker Probes { get; init; } = Client;

    /// <summary>Where its metrics page is.</summary>
    public Uri MetricsAddress { get; init; } = new(BaseAddress, "metrics");

    /// <summary>The name by which it knows its model; null: the name that clients use.</summary>
    public string? ModelName { get; init; }
}
