namespace ModelRunner.Daemon.Models;

/// <summary>A model as it would be with other settings.</summary>
/// <param name="Model">Its entry; null: it cannot be used with the other settings.</param>
/// <param name="NewProblems">The reasons why it cannot be used that it does not have now.</param>
/// <param name="IsRead">Whether all files that decide this were read in time.</param>
internal sealed record ModelChange(ModelEntry? Model, IReadOnlyList<ModelProblem> NewProblems, bool IsRead)
{
    /// <summary>The disk does not respond in time, so nothing is known.</summary>
    public static ModelChange Unknown { get; } = new(null, [], IsRead: false);
}
