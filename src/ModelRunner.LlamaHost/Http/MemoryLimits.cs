namespace ModelRunner.LlamaHost.Http;

/// <summary>
/// The sizes of requests that fit into the memory that the process may use. With 16 GiB and more, only the largest size of a body remains.
/// </summary>
/// <param name="AvailableBytes">The memory that the process may use. In a small control group the daemon uses a part of it too.</param>
internal sealed record MemoryLimits(long AvailableBytes)
{
    private const int LeastBytes = 64 * 1024;

    /// <summary>llama.cpp and the response together use about this much memory for each byte of text that is tokenized.</summary>
    private const int BytesForTextByte = 64;

    /// <summary>The limits of this process.</summary>
    public static MemoryLimits OfProcess { get; } = new(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <summary>The most bytes of one body.</summary>
    public long BodyBytes => Math.Clamp(AvailableBytes / 16, 1 << 20, HostServer.MaxBodyBytes);

    /// <summary>The most bytes of all large bodies together, as <see cref="CostOf"/> counts them.</summary>
    public long AllBodiesBytes => Math.Clamp(AvailableBytes / 8, 1 << 20, 256 << 20);

    /// <summary>The most bytes of text that are tokenized at once.</summary>
    public long TextBytes => Math.Clamp(AvailableBytes / 512, LeastBytes, HostServer.MaxBodyBytes);

    /// <summary>The most values, names and brackets of one JSON text. A parsed one uses 12 bytes, and while the list grows up to 36.</summary>
    public long JsonTokens => Math.Max(AvailableBytes / 192, LeastBytes);

    /// <summary>The most bytes of the vectors of one request, with their text.</summary>
    public long AllInputsBytes => Math.Max(AvailableBytes / 16, 1 << 20);

    /// <summary>The most memory that a body of this length uses until it is tokenized.</summary>
    public long CostOf(long bodyBytes) => bodyBytes + (BytesForTextByte * Math.Min(bodyBytes, TextBytes));

    /// <summary>Refuses a text that is too long to be tokenized.</summary>
    /// <exception cref="ApiException">The text is too long.</exception>
    public void CheckText(long bytes)
    {
        if (bytes > TextBytes)
        {
            throw ApiException.TooLarge(FormattableString.Invariant(
                $"a text of {bytes} bytes is too long: with the memory that llama-host may use, at most {TextBytes} fit; send less, or allow it more memory"));
        }
    }
}
