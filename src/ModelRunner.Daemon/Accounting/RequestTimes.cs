namespace ModelRunner.Daemon.Accounting;

/// <summary>When the parts of a request began. All times are of the same clock, which no change of the system's time moves.</summary>
/// <param name="ArrivedAt">When it arrived.</param>
/// <param name="WaitedFrom">When it asked for a runner; null: it did not.</param>
/// <param name="AdmittedAt">When a runner took it; null: none did.</param>
/// <param name="FirstTokenAt">When the first event with content came; null: there was none.</param>
/// <param name="Now">The time of this reading.</param>
internal readonly record struct RequestTimes(
    DateTimeOffset ArrivedAt, DateTimeOffset? WaitedFrom, DateTimeOffset? AdmittedAt, DateTimeOffset? FirstTokenAt, DateTimeOffset Now);
