using Microsoft.Data.Sqlite;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Scheduling;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Ledger;

/// <summary>The prepared statements that write to the ledger. Not thread-safe.</summary>
internal sealed class LedgerStatements(SqliteConnection connection) : IDisposable
{
    private readonly SqliteCommand _begin = Prepare(connection, "BEGIN IMMEDIATE");
    private readonly SqliteCommand _commit = Prepare(connection, "COMMIT");
    private readonly SqliteCommand _addTotal = Prepare(connection, LedgerSchema.AddTotal);
    private readonly SqliteCommand _addHour = Prepare(connection, LedgerSchema.AddHour);
    private readonly SqliteCommand _addRequest = Prepare(connection, LedgerSchema.AddRequest);
    private readonly SqliteCommand _setOpen = Prepare(connection, LedgerSchema.SetOpen);
    private readonly SqliteCommand _removeOpen = Prepare(connection, LedgerSchema.RemoveOpen);
    private readonly SqliteCommand _setSummed = Prepare(connection, LedgerSchema.SetSummed);
    private readonly SqliteCommand _useAccount = Prepare(connection, LedgerSchema.UseAccount);
    private readonly SqliteCommand _removeOld = Prepare(connection, LedgerSchema.RemoveOld);
    private readonly SqliteCommand _setLife = Prepare(connection, LedgerSchema.SetLife);
    private readonly SqliteCommand _endLost = Prepare(connection, LedgerSchema.EndLost);
    private readonly SqliteCommand _removeOldLives = Prepare(connection, LedgerSchema.RemoveOldLives);
    private readonly SqliteCommand _setPeak = Prepare(connection, LedgerSchema.SetPeak);
    private readonly SqliteCommand _removeOldLoads = Prepare(connection, LedgerSchema.RemoveOldLoads);
    private readonly SqliteCommand _removeOldPeaks = Prepare(connection, LedgerSchema.RemoveOldPeaks);
    private readonly SqliteCommand _removeOldHours = Prepare(connection, LedgerSchema.RemoveOldHours);

    public void Begin() => _begin.ExecuteNonQuery();

    public void Commit() => _commit.ExecuteNonQuery();

    public void AddTotal(long account, string series, long value, long beganAt) =>
        Run(_addTotal, ("$account", account), ("$series", series), ("$value", value), ("$began", beganAt == 0 ? null : beganAt));

    public void AddHour(long hour, long account, HourSums sums) => Run(
        _addHour, ("$hour", hour), ("$account", account), ("$requests", sums.Requests), ("$completed", sums.Completed), ("$prompt", sums.Prompt),
        ("$cached", sums.Cached), ("$generated", sums.Generated), ("$unconfirmed", sums.Unconfirmed), ("$duration", sums.Duration));

    public void AddRequest(long id, long account, EndedRequest request)
    {
        ResponseFigures figures = request.Figures;
        Run(
            _addRequest, ("$id", id), ("$ended", request.EndedAt.ToUnixTimeMilliseconds()), ("$account", account),
            ("$outcome", request.Outcome.ToLabelValue()), ("$status", request.Status.ToLabelValue()),
            ("$has_response", request.HasResponse ? 1L : 0L), ("$source", figures.Source.ToLabelValue()),
            ("$finish", figures.Finish.ToLabelValue()), ("$is_partial", figures.IsPartial || figures.IsLost ? 1L : 0L),
            ("$prompt", figures.PromptTokens), ("$cached", figures.CachedTokens), ("$generated", figures.GeneratedTokens),
            ("$draft", figures.DraftTokens), ("$draft_accepted", figures.AcceptedDraftTokens), ("$duration", request.Duration.Ticks),
            ("$queue_wait", request.QueueWait?.Ticks), ("$first_token", request.TimeToFirstToken?.Ticks),
            ("$output_token", request.TimePerOutputToken?.Ticks), ("$load_wait", request.LoadWait?.Ticks),
            ("$refusal", request.Refusal), ("$is_truncated", figures.IsTruncated ? 1L : 0L));
    }

    public void SetSummed(long id) => Run(_setSummed, ("$id", id));

    public void SetOpen(long account, RequestProgress progress) => Run(
        _setOpen, ("$id", progress.Id), ("$account", account), ("$arrived", progress.ArrivedAt.ToUnixTimeMilliseconds()),
        ("$prompt", progress.Figures.PromptTokens), ("$cached", progress.Figures.CachedTokens), ("$generated", progress.Figures.GeneratedTokens));

    public void RemoveOpen(long id) => Run(_removeOpen, ("$id", id));

    /// <summary>Returns the id of an account.</summary>
    public long UseAccount(AccountName name, DateTimeOffset now)
    {
        Set(
            _useAccount, ("$backend", name.Backend), ("$model", name.Model), ("$mode", name.Mode), ("$key_name", name.KeyName),
            ("$now", now.ToUnixTimeMilliseconds()));
        return (long)_useAccount.ExecuteScalar()!;
    }

    /// <summary>Returns the number of removed rows.</summary>
    public int RemoveOld(long before, long latest) => Run(_removeOld, ("$before", before), ("$latest", latest));

    public void SetLife(long id, long account, RunnerLife life) => Run(
        _setLife, ("$id", id), ("$account", account), ("$engine", life.Engine), ("$version", life.Version),
        ("$started", life.StartedAt.ToUnixTimeMilliseconds()), ("$ready", life.ReadyAt?.ToUnixTimeMilliseconds()),
        ("$ended", life.EndedAt?.ToUnixTimeMilliseconds()), ("$cause", life.Cause?.ToLabelValue()), ("$prompt", life.Counts?.PromptTokens),
        ("$generated", life.Counts?.GeneratedTokens));

    /// <summary>Ends the runners up to this one that have no end.</summary>
    public void EndLost(long last, DateTimeOffset now) => Run(_endLost, ("$last", last), ("$now", now.ToUnixTimeMilliseconds()));

    /// <summary>Returns the number of removed rows.</summary>
    public int RemoveOldLives(long before, long latest) => Run(_removeOldLives, ("$before", before), ("$latest", latest));

    /// <summary>Writes the memory of a load, and removes the oldest loads of its key.</summary>
    public void SetPeak(long load, LoadPeak peak, DateTimeOffset now)
    {
        Run(
            _setPeak, ("$key", peak.Key), ("$load", load), ("$seen", now.ToUnixTimeMilliseconds()), ("$resident", peak.ResidentBytes),
            ("$graphics", peak.GraphicsBytes), ("$has_served", peak.HasServed ? 1L : 0L));
        Run(_removeOldLoads, ("$key", peak.Key), ("$latest", (long)MemoryPeaks.MaxLatest), ("$earlier", (long)MemoryPeaks.MaxEarlier));
    }

    /// <summary>Removes the memory of loads before a time, and the keys that are too many.</summary>
    public void RemoveOldPeaks(DateTimeOffset before) =>
        Run(_removeOldPeaks, ("$before", before.ToUnixTimeMilliseconds()), ("$kept", (long)MemoryPeaks.MaxKeys));

    public void RemoveOldHours(long before) => Run(_removeOldHours, ("$before", before));

    public void Dispose()
    {
        foreach (SqliteCommand command in (SqliteCommand[])
            [_begin, _commit, _addTotal, _addHour, _addRequest, _setOpen, _removeOpen, _setSummed, _useAccount, _removeOld, _setLife, _endLost,
                _removeOldLives, _setPeak, _removeOldLoads, _removeOldPeaks, _removeOldHours])
            command.Dispose();
    }

    private static SqliteCommand Prepare(SqliteConnection connection, string text)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        return command;
    }

    private static int Run(SqliteCommand command, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        Set(command, parameters);
        return command.ExecuteNonQuery();
    }

    private static void Set(SqliteCommand command, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (command.Parameters.Count == 0)
            foreach ((string name, _) in parameters)
                command.Parameters.Add(new SqliteParameter { ParameterName = name });
        for (int i = 0; i < parameters.Length; i++)
            command.Parameters[i].Value = parameters[i].Value ?? DBNull.Value;
    }
}
