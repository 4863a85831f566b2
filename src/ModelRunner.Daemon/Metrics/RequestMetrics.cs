using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Writes the families of requests and tokens, and of the ledger that stores them. Not thread-safe: used only under the merge lock.</summary>
/// <param name="accounts">The totals.</param>
/// <param name="ledger">Returns the state of the ledger; null: there is none.</param>
/// <param name="hasKeys">Returns whether tokens are shown by key.</param>
internal sealed class RequestMetrics(RequestAccounts accounts, Func<LedgerStatus?> ledger, Func<bool> hasKeys)
{
    private static readonly TargetLabels NoLabels = new([]);
    private static readonly RequestOutcome[] Outcomes = Enum.GetValues<RequestOutcome>();
    private static readonly StatusClass[] StatusClasses = Enum.GetValues<StatusClass>();
    private static readonly TokenType[] TokenTypes = Enum.GetValues<TokenType>();
    private static readonly DriftSource[] DriftSources = Enum.GetValues<DriftSource>();
    private static readonly FigureSource[] Sources = Enum.GetValues<FigureSource>();

    private AccountTable? _table;
    private TargetLabels[] _labels = [];

    public void Write(FamilyWriter writer)
    {
        AccountTable table = accounts.Table;
        if (!ReferenceEquals(table, _table))
            (_table, _labels) = (table, [.. table.Models.Select(static account => RunnerLabels.Of(account.Key!.Value, replica: null))]);
        List<(TargetLabels Labels, ModelAccount Account)> models = [.. _labels.Zip(table.Models)];
        if (table.Others.Count > 0)
            models.Add((RunnerLabels.OtherModels, ModelAccount.Sum(table.Others)));

        WriteRequests(writer, (NoLabels, table.Unknown));
        foreach ((TargetLabels, ModelAccount) model in models)
            WriteRequests(writer, model);
        WriteRefusals(writer, (NoLabels, table.Unknown));
        foreach ((TargetLabels, ModelAccount) model in models)
            WriteRefusals(writer, model);
        foreach ((TargetLabels labels, ModelAccount account) in models)
            writer.Write(MetricFamilies.RequestsInFlight, labels, account.InFlight);
        foreach ((TargetLabels labels, ModelAccount account) in models)
            writer.Write(MetricFamilies.RequestsQueued, labels, account.Queued);
        foreach ((TargetLabels labels, ModelAccount account) in models)
            writer.Write(MetricFamilies.RequestDuration, labels, account.Duration);
        foreach ((TargetLabels labels, ModelAccount account) in models)
            writer.Write(MetricFamilies.TimeToFirstToken, labels, account.FirstToken);
        foreach ((TargetLabels labels, ModelAccount account) in models)
            writer.Write(MetricFamilies.TimePerOutputToken, labels, account.OutputToken);
        foreach ((TargetLabels labels, ModelAccount account) in models)
            writer.Write(MetricFamilies.QueueWait, labels, account.QueueWait);
        foreach ((TargetLabels labels, ModelAccount account) in models)
            writer.Write(MetricFamilies.LoadWait, labels, account.LoadWait);
        bool isByKey = hasKeys();
        foreach ((TargetLabels Labels, ModelAccount Account) model in models)
        {
            if (isByKey)
                WriteTokensByKey(writer, model);
            else
                WriteTokens(writer, model);
        }

        foreach ((TargetLabels, ModelAccount) model in models)
            WriteUnconfirmed(writer, model);
        foreach ((TargetLabels, ModelAccount) model in models)
            WriteSources(writer, model);
        foreach ((TargetLabels labels, ModelAccount account) in models)
            if (account.Truncated is > 0 and var truncated)
                writer.WriteTotal(MetricFamilies.Truncated, labels, truncated, account.TruncatedBeganAt);
        foreach ((TargetLabels, ModelAccount) model in models)
            WriteDrift(writer, model);
        WriteLedger(writer);
    }

    private void WriteLedger(FamilyWriter writer)
    {
        if (ledger() is not { } status)
            return;
        writer.Write(MetricFamilies.LedgerUp, status.IsUp ? 1 : 0);
        writer.Write(MetricFamilies.LedgerErrors, status.Errors);
        writer.Write(MetricFamilies.LedgerBytes, status.Bytes);
    }

    private static void WriteRequests(FamilyWriter writer, (TargetLabels Labels, ModelAccount Account) model)
    {
        foreach (RequestOutcome outcome in Outcomes)
            foreach (StatusClass status in StatusClasses)
                if (model.Account.Requests(outcome, status) is > 0 and var count)
                    writer.WriteTotal(
                        MetricFamilies.Requests, model.Labels, count, model.Account.RequestsBeganAt(outcome, status), outcome.ToLabelValue(),
                        status.ToLabelValue());
    }

    private static void WriteRefusals(FamilyWriter writer, (TargetLabels Labels, ModelAccount Account) model)
    {
        for (int code = 0; code < RefusalCodes.All.Count; code++)
            if (model.Account.Refused(code) is > 0 and var count)
                writer.WriteTotal(MetricFamilies.RequestsRefused, model.Labels, count, model.Account.RefusedBeganAt(code), RefusalCodes.All[code]);
    }

    private static void WriteTokens(FamilyWriter writer, (TargetLabels Labels, ModelAccount Account) model)
    {
        foreach (TokenType type in TokenTypes)
            if (model.Account.Tokens(type) is > 0 and var count)
                writer.WriteTotal(MetricFamilies.Tokens, model.Labels, count, model.Account.TokensBeganAt(type), "", type.ToLabelValue());
    }

    private static void WriteTokensByKey(FamilyWriter writer, (TargetLabels Labels, ModelAccount Account) model)
    {
        KeyTokens keys = model.Account.Keys;
        foreach (string name in keys.Names)
            foreach (TokenType type in TokenTypes)
                if (keys.Tokens(name, type) is > 0 and var count)
                    writer.WriteTotal(MetricFamilies.Tokens, model.Labels, count, keys.BeganAt(name, type), name, type.ToLabelValue());
    }

    private static void WriteUnconfirmed(FamilyWriter writer, (TargetLabels Labels, ModelAccount Account) model)
    {
        foreach (TokenType type in TokenTypes)
            if (model.Account.UnconfirmedTokens(type) is > 0 and var count)
                writer.WriteTotal(
                    MetricFamilies.TokensUnconfirmed, model.Labels, count, model.Account.UnconfirmedTokensBeganAt(type), type.ToLabelValue());
    }

    private static void WriteSources(FamilyWriter writer, (TargetLabels Labels, ModelAccount Account) model)
    {
        foreach (FigureSource source in Sources)
            if (model.Account.Sources(source) is > 0 and var count)
                writer.WriteTotal(MetricFamilies.UsageSource, model.Labels, count, model.Account.SourcesBeganAt(source), source.ToLabelValue());
    }

    private static void WriteDrift(FamilyWriter writer, (TargetLabels Labels, ModelAccount Account) model)
    {
        foreach (DriftSource source in DriftSources)
        {
            if (!model.Account.Drift.IsKnown(source))
                continue;
            string label = source.ToLabelValue();
            writer.Write(MetricFamilies.TokenDrift, model.Labels, model.Account.Drift.Prompt(source), label, TokenType.Prompt.ToLabelValue());
            writer.Write(MetricFamilies.TokenDrift, model.Labels, model.Account.Drift.Generated(source), label, TokenType.Generated.ToLabelValue());
        }
    }
}
