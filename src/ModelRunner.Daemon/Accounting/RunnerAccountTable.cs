namespace ModelRunner.Daemon.Accounting;

/// <summary>All accounts of runners at one time. The list is immutable; the totals of an account change.</summary>
/// <param name="Models">The accounts of models, in order of backend, model and mode.</param>
/// <param name="Other">The account that is shown as the model <c>other</c>; null: there is none.</param>
internal sealed record RunnerAccountTable(IReadOnlyList<RunnerAccount> Models, RunnerAccount? Other);
