using LLama.Native;

namespace ModelRunner.LlamaHost.Embeddings;

/// <summary>One input on its way through the engine; a request with several inputs has several jobs.</summary>
/// <param name="tokens">The input.</param>
/// <param name="clientLeft">Is cancelled when nobody waits for the vector any more.</param>
internal sealed class EmbeddingJob(LLamaToken[] tokens, CancellationToken clientLeft)
{
    private readonly TaskCompletionSource<float[]> _vector = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The input.</summary>
    public LLamaToken[] Tokens { get; } = tokens;

    /// <summary>Is cancelled when nobody waits for the vector any more.</summary>
    public CancellationToken ClientLeft { get; } = clientLeft;

    /// <summary>The vector, of length 1.</summary>
    public Task<float[]> Vector => _vector.Task;

    /// <summary>Gives out the vector.</summary>
    public void Complete(float[] vector) => _vector.TrySetResult(vector);

    /// <summary>Tells that there is no vector.</summary>
    public void Fail(string failure) => _vector.TrySetException(new InvalidOperationException(failure));

    /// <summary>Ends a job that nobody waits for.</summary>
    public void Abandon() => _vector.TrySetCanceled(CancellationToken.None);
}
