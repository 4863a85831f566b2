namespace ModelRunner.Daemon.Ledger;

/// <summary>Reads from the ledger when each model had its last request.</summary>
internal static class LastUse
{
    // A request whose row is no longer kept has its hour.
    private const string Text = """
        SELECT model, max(at) FROM (
            SELECT account, max(ended) AS at FROM requests GROUP BY account
            UNION ALL SELECT account, max(hour) * 3600000 FROM hours WHERE requests > 0 GROUP BY account)
        JOIN accounts ON account = accounts.id GROUP BY model
        """;

    /// <summary>The time of the last request of each model, by its reference. Models without one are missing.</summary>
    /// <exception cref="IOException">The ledger cannot be read now.</exception>
    public static async Task<IReadOnlyDictionary<string, DateTimeOffset>> ReadAsync(RequestLedger ledger, CancellationToken cancellationToken)
    {
        LedgerReading<IReadOnlyDictionary<string, DateTimeOffset>> reading = await ledger.ReadAsync(Read, cancellationToken);
        return reading.Unstored is not { } rest
            ? reading.Stored
            : reading.Stored.Concat(rest.Value).GroupBy(static pair => pair.Key, static pair => pair.Value, StringComparer.Ordinal)
                .ToDictionary(static times => times.Key, static times => times.Max(), StringComparer.Ordinal);
    }

    private static IReadOnlyDictionary<string, DateTimeOffset> Read(LedgerReader database) => database
        .Query(Text, since: null, static row => (Model: row.GetString(0), At: DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1))))
        .ToDictionary(static row => row.Model, static row => row.At, StringComparer.Ordinal);
}
