namespace ModelRunner.LlamaHost.Generation;

/// <summary>Why a response ended.</summary>
internal enum FinishReason
{
    /// <summary>The model ended it, or it reached one of the request's stop texts.</summary>
    Stop,

    /// <summary>The request's limit or the end of the slot's context was reached.</summary>
    Length,

    /// <summary>The client left.</summary>
    Abandoned,

    /// <summary>llama.cpp failed, or the program is ending.</summary>
    Failed,
}
