namespace ModelRunner.Configuration;

/// <summary>Where the totals of requests are stored, and for how long single requests are.</summary>
internal sealed record LedgerSettings
{
    /// <summary>Absolute path of the state folder; null: the totals are only in memory.</summary>
    public string? StatePath { get; init; }

    /// <summary>How long single requests are kept.</summary>
    public TimeSpan MaxAge { get; init; } = ConfigurationCatalog.LedgerMaxAge.DefaultDuration;

    /// <summary>Above this size of the database, the oldest single requests are removed.</summary>
    public long MaxBytes { get; init; } = ConfigurationCatalog.LedgerMaxBytes.DefaultBytes;
}
