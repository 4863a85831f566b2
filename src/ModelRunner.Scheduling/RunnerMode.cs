namespace ModelRunner.Scheduling;

/// <summary>The kind of requests that a runner serves. In lower case it is the value of the label <c>mode</c>.</summary>
public enum RunnerMode
{
    /// <summary>Chat and text completion.</summary>
    Completion,

    /// <summary>Embeddings of texts.</summary>
    Embedding,

    /// <summary>Scores of documents against a query.</summary>
    Reranking,
}
