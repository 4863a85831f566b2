namespace ModelRunner.Daemon.Accounting;

/// <summary>All accounts at one time. The lists are immutable; the totals of an account change.</summary>
/// <param name="Models">The accounts of models, in order of backend, model and mode.</param>
/// <param name="Others">Accounts whose sum is shown as the model <c>other</c>.</param>
/// <param name="Unknown">Requests whose model is not known.</param>
internal sealed record AccountTable(IReadOnlyList<ModelAccount> Models, IReadOnlyList<ModelAccount> Others, ModelAccount Unknown);
