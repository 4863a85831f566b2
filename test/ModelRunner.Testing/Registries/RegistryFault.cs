using System.Net;

namespace ModelRunner.Testing.Registries;

/// <summary>A fault, and the requests that it is for.</summary>
/// <param name="Kind">What happens.</param>
internal sealed record RegistryFault(FaultKind Kind)
{
    /// <summary>A part of the path of the requests, for example <c>/blobs/sha256:</c>.</summary>
    public string Path { get; init; } = "/blobs/sha256:";

    /// <summary>The method of the requests; null: any.</summary>
    public string? Method { get; init; }

    /// <summary>How many requests it is for.</summary>
    public int Times { get; init; } = int.MaxValue;

    /// <summary>The number of bytes that its kind speaks of.</summary>
    public long Bytes { get; init; }

    /// <summary>The status of <see cref="FaultKind.Status"/>.</summary>
    public HttpStatusCode Status { get; init; } = HttpStatusCode.ServiceUnavailable;

    /// <summary>The header <c>Retry-After</c> of <see cref="FaultKind.Status"/>; null: there is none.</summary>
    public string? RetryAfter { get; init; }

    /// <summary>The server of <see cref="FaultKind.RedirectTo"/>.</summary>
    public Uri? Target { get; init; }

    /// <summary>The pause of <see cref="FaultKind.Slow"/>.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(10);
}
