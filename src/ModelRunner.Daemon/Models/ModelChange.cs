namespace ModelRunner.Daemon.Models;

/// <summary>A model as it would be with other settings.</summary>
/// <param name="Source">The model.</param>
/// <param name="Model">Its entry; null: it cannot be used with the other settings.</param>
/// <param name="NewProblems">The reasons why it cannot be used that it does not have now, in clauses.</param>
/// <param name="IsRead">Whether all files that decide this were read in time.</param>
internal sealed record ModelChange(ModelSource Source, ModelEntry? Model, IReadOnlyList<string> NewProblems, bool IsRead);
