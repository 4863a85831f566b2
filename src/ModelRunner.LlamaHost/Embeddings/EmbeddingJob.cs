using LLama.Native;

namespace ModelRunner.LlamaHost.Embeddings;

/// <summary>One input on its way through the engine; a request with several inputs has several jobs.</summary>
/// <param name="tokens">The input.</param>
/// <param name="clientLeft">Cancelled when the client no longer waits for the vector.</param>
internal sealed class EmbeddingJob(LLamaToken[] tokens, CancellationToken clientLeft)
{
    private readonly TaskCompletionSource<float[]> _vector = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The input.</summary>
    public LLamaToken[] Tokens { get; } = tokens;

    /// <summary>Cancelled when the client no longer waits for the vector.</summary>
    public CancellationToken ClientLeft { get; } = clientLeft;

    /// <summary>The vector, of length 1.</summary>
    public Task<float[]> Vector => _vector.Task;

    /// <summary>Completes the job with its vector.</summary>
    public void Complete(float[] vector) => _vector.TrySetResult(vector);

    /// <summary>Completes the job without a vector.</summary>
    public void Fail(string failure) => _vector.TrySetException(new InvalidOperationException(failure));

    /// <summary>Completes a job whose client left.</summary>
    public void Abandon() => _vector.TrySetCanceled(CancellationToken.None);
}
