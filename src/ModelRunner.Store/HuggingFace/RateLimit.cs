using System.Globalization;
using ModelRunner.Store.Http;
using ModelRunner.Store.Registries;

namespace ModelRunner.Store.HuggingFace;

/// <summary>When Hugging Face allows the next request: <c>Retry-After</c>, or <c>RateLimit: "api";r=0;t=55</c>.</summary>
internal static class RateLimit
{
    private const long MaxSeconds = 86_400;

    /// <summary>The time; null: it is not said.</summary>
    public static DateTimeOffset? EndOf(OutgoingResponse response, DateTimeOffset now)
    {
        if (RetryAfter.Of(response.Message, now) is { } at)
            return at;
        // The time until the next window asks for a wait only if no request is left in this one.
        string[] parts = (response.Header("RateLimit") ?? "").Split([';', ','], StringSplitOptions.TrimEntries);
        string? seconds = parts.Contains("r=0", StringComparer.Ordinal)
            ? parts.FirstOrDefault(static part => part.StartsWith("t=", StringComparison.Ordinal))
            : null;
        return seconds is not null && long.TryParse(seconds[2..], NumberStyles.None, CultureInfo.InvariantCulture, out long wait) && wait <= MaxSeconds
            ? now.AddSeconds(wait)
            : null;
    }
}
