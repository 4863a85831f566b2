namespace ModelRunner.Store.Pulls;

/// <summary>The limits of pulls.</summary>
internal sealed record PullSettings
{
    /// <summary>Pulls that run at once; the others wait.</summary>
    public int MaxPulls { get; init; } = 2;

    /// <summary>Pulls with <see cref="Pull.MustFetch"/> among them. They leave a slot to the others, unless there is only one.</summary>
    public int MaxLimitedPulls => Math.Max(1, MaxPulls - 1);

    /// <summary>Files of one pull that are fetched at once.</summary>
    public int MaxFilesOfPull { get; init; } = 4;

    /// <summary>Bytes per second of all pulls together; null: no limit.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>Bytes that must stay free on the disk beside the model.</summary>
    public long SpareBytes { get; init; } = 1L << 30;

    /// <summary>How often a file is asked for without getting a byte before its failure counts.</summary>
    public int MaxTries { get; init; } = 5;

    /// <summary>The first wait between two attempts; each further one is twice as long.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest of these waits.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(16);

    /// <summary>The longest wait that a server may ask for.</summary>
    public TimeSpan MaxAskedWait { get; init; } = TimeSpan.FromSeconds(60);
}
