using ModelRunner.Gguf;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// A number that changes when an engine works, although it sends nothing: while it reads a long prompt, or generates a response that is no stream. It is
/// made of its slots if it shows them, else of the lines about tokens and caches on its metrics page. Times and memory change on a page too, and say
/// nothing.
/// </summary>
internal static class ProgressSign
{
    /// <summary>Asks the engine once. Null if it shows neither, or does not respond.</summary>
    /// <param name="endpoint">The runner.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public static async Task<UInt128?> ReadAsync(RunnerEndpoint endpoint, CancellationToken cancellationToken)
    {
        if (endpoint.SlotsAddress is { } slots && await RunnerDocument.ReadAsync(endpoint, slots, cancellationToken) is { } shown)
            return OfSlots(shown);
        return endpoint.MetricsAddress is { } page && await RunnerDocument.ReadAsync(endpoint, page, cancellationToken) is { } text
            ? OfPage(text)
            : null;
    }

    /// <summary>The sign of a list of slots.</summary>
    public static UInt128 OfSlots(ReadOnlySpan<byte> slots)
    {
        var sign = new StableHash();
        sign.Add(slots);
        return sign.Value;
    }

    /// <summary>The sign of a metrics page; null: it has no such line.</summary>
    public static UInt128? OfPage(ReadOnlySpan<byte> page)
    {
        var sign = new StableHash();
        bool isFound = false;
        while (!page.IsEmpty)
        {
            int end = page.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? page : page[..end];
            page = end < 0 ? default : page[(end + 1)..];
            if (line.IsEmpty || line[0] == '#' || (line.IndexOf("token"u8) < 0 && line.IndexOf("cache_usage"u8) < 0))
                continue;
            sign.Add(line);
            isFound = true;
        }

        return isFound ? sign.Value : null;
    }
}
