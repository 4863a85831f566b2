namespace ModelRunner.Daemon.Ledger;

/// <summary>What the rows of a usage report stand for.</summary>
internal enum UsageGroup
{
    Model,
    Mode,
    Day,
    Hour,
    Key,
}
