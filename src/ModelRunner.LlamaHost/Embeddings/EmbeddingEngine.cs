using System.Numerics.Tensors;
using LLama.Native;
using ModelRunner.LlamaHost.Diagnostics;
using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Loading;
using ModelRunner.LlamaHost.Metrics;
using ModelRunner.LlamaHost.Native;

namespace ModelRunner.LlamaHost.Embeddings;

/// <summary>
/// Computes vectors with one inference thread. Each call processes as many inputs, of any requests, as the batch and the slots hold.
/// </summary>
internal sealed class EmbeddingEngine : IDisposable
{
    private const string Ending = "the server is shutting down";

    private readonly LoadedModel _model;
    private readonly EngineCounters _counters;
    private readonly TimeProvider _clock;
    private readonly JobQueue<EmbeddingJob> _queue = new();
    private readonly List<EmbeddingJob> _running = [];
    private readonly LLamaBatch _batch = new();
    private readonly Thread _thread;
    private volatile int _processing;
    private volatile bool _isStopping;

    /// <summary>Starts the inference thread.</summary>
    public EmbeddingEngine(LoadedModel model, EngineCounters counters, TimeProvider clock)
    {
        _model = model;
        _counters = counters;
        _clock = clock;
        Abortion.AskWith(() => _isStopping || _running.TrueForAll(job => job.ClientLeft.IsCancellationRequested));
        _thread = new Thread(Run) { IsBackground = true, Name = "inference" };
        _thread.Start();
    }

    /// <summary>The load of the engine, counted in inputs.</summary>
    public EngineLoad Load => new(_processing, _queue.Count);

    /// <summary>The longest input in tokens: an input must fit into one call.</summary>
    public int InputTokens => Math.Min(_model.BatchTokens, _model.SlotTokens);

    /// <summary>Queues an input for the inference thread. Safe to call from any thread.</summary>
    public void Submit(EmbeddingJob job)
    {
        if (!_queue.TryAdd(job))
            job.Fail(Ending);
    }

    /// <summary>Ends all jobs and the inference thread.</summary>
    /// <returns>False: a call did not end in time, and the model must not be freed.</returns>
    public bool Stop(TimeSpan limit)
    {
        _isStopping = true;
        _queue.Close();
        return _thread.Join(limit);
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private void Run()
    {
        while (!_isStopping && _queue.WaitForJob())
        {
            foreach (EmbeddingJob job in _queue.TakeAll(job => job.ClientLeft.IsCancellationRequested))
                job.Abandon();
            FillBatch();
            if (_running.Count > 0)
                Compute();
        }

        foreach (EmbeddingJob job in _queue.TakeAll(_ => true))
            job.Fail(Ending);
    }

    private void FillBatch()
    {
        _batch.Clear();
        _running.Clear();
        while (_running.Count < _model.SlotCount
            && _queue.TakeFirst(job => _batch.TokenCount + job.Tokens.Length <= _model.BatchTokens) is { } job)
        {
            for (int position = 0; position < job.Tokens.Length; position++)
                _batch.Add(job.Tokens[position], position, (LLamaSeqId)_running.Count, true);
            _running.Add(job);
        }

        _processing = _running.Count;
    }

    private void Compute()
    {
        long start = _clock.GetTimestamp();
        Abortion.Reset();
        _model.Context.MemoryClear(data: true);
        DecodeResult result = _model.Context.Decode(_batch);
        TimeSpan time = _clock.GetElapsedTime(start);
        _counters.AddDecode(_running.Count);

        var vectors = new List<float[]>(_running.Count);
        for (int i = 0; i < _running.Count && result == DecodeResult.Ok; i++)
        {
            vectors.Add(Normalized(_model.Context.GetEmbeddingsSeq((LLamaSeqId)i)));
            _counters.NoteLength(_running[i].Tokens.Length);
            _counters.AddPrompt(_running[i].Tokens.Length, time);
        }

        // Count first, then complete: a client that has its response finds it in the counters.
        _processing = 0;
        for (int i = 0; i < _running.Count; i++)
        {
            if (result == DecodeResult.Ok)
                _running[i].Complete(vectors[i]);
            else
                Fail(_running[i], result);
        }

        _running.Clear();
    }

    private void Fail(EmbeddingJob job, DecodeResult result)
    {
        if (_isStopping)
        {
            job.Fail(Ending);
        }
        else if (result == DecodeResult.ComputeAborted)
        {
            job.Abandon();
        }
        else
        {
            string failure = $"llama.cpp failed to compute: {result}";
            HostLog.Error($"srv  update_slots: {failure}");
            job.Fail(failure);
        }
    }

    private static float[] Normalized(ReadOnlySpan<float> vector)
    {
        float[] result = vector.ToArray();
        float length = TensorPrimitives.Norm(vector);
        if (length > 0)
            TensorPrimitives.Divide(vector, length, result);
        return result;
    }
}
