namespace ModelRunner.Daemon.Models;

/// <summary>A reason why llama.cpp cannot run a model.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Cause">A clause that follows the name of the model.</param>
/// <param name="Remedy">What can be done in the settings of the model, the rest of the clause; empty: nothing.</param>
/// <param name="Subject">The other model that has the problem; null: it is one of this model.</param>
internal sealed record ModelProblem(ModelProblemKind Kind, string Cause, string Remedy = "", string? Subject = null)
{
    /// <summary>The whole clause.</summary>
    public string Text => Cause + Remedy;

    /// <summary>Whether it is the same problem, perhaps in other words.</summary>
    public bool IsSameAs(ModelProblem other) => (Kind, Subject) == (other.Kind, other.Subject);
}
