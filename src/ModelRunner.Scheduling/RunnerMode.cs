namespace ModelRunner.Scheduling;

/// <summary>What a runner is started to do. It is the value of the <c>mode</c> label, in lower case.</summary>
public enum RunnerMode
{
    /// <summary>Chat and text completion.</summary>
    Completion,

    /// <summary>Vectors for texts.</summary>
    Embedding,

    /// <summary>Scores of documents against a query.</summary>
    Reranking,
}
