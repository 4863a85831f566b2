namespace ModelRunner.Store.Foreign;

/// <summary>The limits of one scan of another tool's store.</summary>
internal sealed record ScanLimits
{
    /// <summary>Entries of folders that are looked at.</summary>
    public int Entries { get; init; } = 100_000;

    /// <summary>Models that are listed.</summary>
    public int Models { get; init; } = 5_000;

    /// <summary>Bytes of small files that are read: manifests and settings.</summary>
    public long Bytes { get; init; } = 64 << 20;

    /// <summary>How long the scan takes. One call of the system may take longer.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(10);
}
