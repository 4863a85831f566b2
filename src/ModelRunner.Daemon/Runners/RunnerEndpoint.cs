namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The address and the HTTP clients of one start of a runner. Each endpoint has its own connection pools, so a response cannot come from
/// another runner. Thread-safe.
/// </summary>
/// <param name="BaseAddress">The base address, with a slash at the end. The authority is unique to this start.</param>
/// <param name="Client">The client for inference requests: no redirects, no cookies, no proxy, no decompression.</param>
/// <param name="Display">The address in messages: <c>unix:/path</c> or <c>http://host:port</c>.</param>
internal sealed record RunnerEndpoint(Uri BaseAddress, HttpMessageInvoker Client, string Display)
{
    /// <summary>
    /// The client for requests of the daemon itself, with its own connection pool, so that waiting inference requests cannot delay them.
    /// </summary>
    public HttpMessageInvoker Probes { get; init; } = Client;

    /// <summary>The address of its readiness and health check.</summary>
    public Uri HealthAddress { get; init; } = new(BaseAddress, "health");

    /// <summary>The address of its metrics page; null: it has none.</summary>
    public Uri? MetricsAddress { get; init; } = new(BaseAddress, "metrics");

    /// <summary>The address that shows what its slots do; null: it has none.</summary>
    public Uri? SlotsAddress { get; init; }

    /// <summary>The remedy if there is no page at <see cref="MetricsAddress"/>, as a clause; null: there is none.</summary>
    public string? MetricsRemedy { get; init; }

    /// <summary>The name of the model in requests to this runner; null: the name that clients use.</summary>
    public string? ModelName { get; init; }

    /// <summary>Whether it reports the token counts of a stream only on request, so that the daemon asks for them.</summary>
    public bool RequestsUsage { get; init; }
}
