using LLama.Native;
using ModelRunner.LlamaHost.Diagnostics;
using ModelRunner.LlamaHost.Loading;
using ModelRunner.LlamaHost.Metrics;
using ModelRunner.LlamaHost.Native;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// Generates text with continuous batching: one inference thread; each decode call processes one token of each generating slot plus as much
/// of the waiting prompts as fits into the batch. A request without a free slot waits in the queue.
/// </summary>
internal sealed class GenerationEngine : IDisposable
{
    private const string Ending = "the server is shutting down";

    private readonly LoadedModel _model;
    private readonly EngineCounters _counters;
    private readonly TimeProvider _clock;
    private readonly SamplerFactory _samplers;
    private readonly JobQueue<GenerationJob> _queue = new();
    private readonly Slot[] _slots;
    private readonly LLamaBatch _batch = new();
    private readonly byte[] _piece = new byte[1024];
    private readonly Thread _thread;
    private volatile int _processing;
    private volatile bool _isStopping;

    /// <summary>Starts the inference thread.</summary>
    public GenerationEngine(LoadedModel model, EngineCounters counters, TimeProvider clock)
    {
        _model = model;
        _counters = counters;
        _clock = clock;
        _samplers = new SamplerFactory(model.Model, model.SlotTokens);
        _slots = [.. Enumerable.Range(0, model.SlotCount).Select(index => new Slot(index))];
        Abortion.AskWith(IsBatchUnwanted);
        _thread = new Thread(Run) { IsBackground = true, Name = "inference" };
        _thread.Start();
    }

    /// <summary>The load of the engine.</summary>
    public EngineLoad Load => new(_processing, _queue.Count);

    /// <summary>Queues a request for the inference thread. Safe to call from any thread.</summary>
    public void Submit(GenerationJob job)
    {
        if (!_queue.TryAdd(job))
            job.CompleteUnstarted(FinishReason.Failed, Ending);
    }

    /// <summary>Ends all requests and the inference thread.</summary>
    /// <returns>False: a decode call did not end in time, and the model must not be freed.</returns>
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
        while (!_isStopping)
        {
            DropAbandoned();
            FillSlots();
            if (FillBatch())
                Finish(Decode());
            else if (!_queue.WaitForJob())
                break;
        }

        foreach (Slot slot in _slots.Where(slot => slot.Job is not null))
            End(slot, FinishReason.Failed, Ending);
        foreach (GenerationJob job in _queue.TakeAll(_ => true))
            job.CompleteUnstarted(FinishReason.Failed, Ending);
    }

    private void DropAbandoned()
    {
        foreach (Slot slot in _slots)
        {
            if (slot.Job is { ClientLeft.IsCancellationRequested: true })
                End(slot, FinishReason.Abandoned, null);
        }

        foreach (GenerationJob job in _queue.TakeAll(job => job.ClientLeft.IsCancellationRequested))
            job.CompleteUnstarted(FinishReason.Abandoned, null);
    }

    private void FillSlots()
    {
        while (_processing < _slots.Length && _queue.TakeFirst(_ => true) is { } job)
        {
            (Slot slot, int keep) = SlotChoice.For(job.Settings, _slots);
            if (!KeepPrefix(slot.Sequence, keep))
                keep = 0;
            SafeLLamaSamplerChainHandle chain = _samplers.Create(job.Settings.Sampling, job.Settings.Prompt);
            slot.Begin(job, new TokenSampler(chain, job.Grammar, _model.Model.Vocab), keep, _clock.GetTimestamp());
            _counters.AddCached(keep);
            _processing++;
        }
    }

    // Recurrent models cannot remove a part of their state; then the slot starts again from nothing.
    private bool KeepPrefix(LLamaSeqId sequence, int keep)
    {
        _model.Context.MemorySequenceRemove(sequence, keep, -1);
        if (keep == 0 || _model.Context.MemorySequenceMaxPosition(sequence).Value == keep - 1)
            return true;
        _model.Context.MemorySequenceRemove(sequence, -1, -1);
        return false;
    }

    private bool FillBatch()
    {
        _batch.Clear();
        foreach (Slot slot in _slots)
        {
            slot.LeaveBatch();
            if (!slot.IsPromptDone)
                continue;
            if (slot.Length < _model.SlotTokens)
                slot.AddLastToken(_batch);
            else
                End(slot, FinishReason.Length, null);
        }

        foreach (Slot slot in _slots)
        {
            if (slot.Job is not null && !slot.IsPromptDone)
                slot.AddPrompt(_batch, _model.BatchTokens);
        }

        return _batch.TokenCount > 0;
    }

    // Called during a decode call, on the inference thread: returns whether no client waits for the result.
    private bool IsBatchUnwanted()
    {
        if (_isStopping)
            return true;
        foreach (Slot slot in _slots)
        {
            if (slot is { TokensInBatch: > 0, Job.ClientLeft.IsCancellationRequested: false })
                return false;
        }

        return true;
    }

    private DecodeResult Decode()
    {
        Abortion.Reset();
        return _model.Context.Decode(_batch);
    }

    private void Finish(DecodeResult result)
    {
        _counters.AddDecode(_slots.Count(slot => slot.TokensInBatch > 0));
        foreach (Slot slot in _slots.Where(slot => slot.TokensInBatch > 0))
        {
            if (result == DecodeResult.Ok)
                Advance(slot);
            else
                Fail(slot, result);
        }
    }

    private void Fail(Slot slot, DecodeResult result)
    {
        _model.Context.MemorySequenceRemove(slot.Sequence, -1, -1);
        if (_isStopping)
        {
            End(slot, FinishReason.Failed, Ending, keepsCache: false);
        }
        else if (result == DecodeResult.ComputeAborted)
        {
            End(slot, FinishReason.Abandoned, null, keepsCache: false);
        }
        else
        {
            string failure = $"llama.cpp failed to compute: {result}";
            HostLog.Error($"srv  update_slots: {failure}");
            End(slot, FinishReason.Failed, failure, keepsCache: false);
        }
    }

    private void Advance(Slot slot)
    {
        long now = _clock.GetTimestamp();
        TimeSpan time = _clock.GetElapsedTime(slot.CountedTo, now);
        slot.CountedTo = now;
        _counters.NoteLength(slot.Length);
        if (slot.Predicted == 0)
            _counters.AddPrompt(slot.TokensInBatch, time);
        if (slot.OutputIndex < 0)
            return;

        if (slot.Sampler!.Sample(_model.Context, slot.OutputIndex) is not { } token)
        {
            End(slot, FinishReason.Failed, "the grammar or the schema allows nothing that this model can write: change it", isRequestsFault: true);
            return;
        }

        _counters.AddPredicted(slot.Predicted == 0 ? TimeSpan.Zero : time);
        slot.Predict(token, now);
        if (token.IsEndOfGeneration(_model.Model.Vocab))
        {
            End(slot, FinishReason.Stop, null);
            return;
        }

        if (slot.Job!.Settings.Probabilities is { } most)
            slot.Note(TokenProbability.Of(_model.Context.GetLogitsIth(slot.OutputIndex), token, most));
        int length = (int)_model.Model.TokenToSpan(token, _piece, 0, slot.Job.Settings.ShowsSpecial);
        slot.Write(slot.Text.Add(_piece.AsSpan(0, Math.Min(length, _piece.Length))), isLast: false);
        if (slot.Text.IsStopped)
            End(slot, FinishReason.Stop, null);
        else if (slot.Predicted >= slot.Job.Settings.MaxTokens)
            End(slot, FinishReason.Length, null);
    }

    private void End(Slot slot, FinishReason reason, string? failure, bool keepsCache = true, bool isRequestsFault = false)
    {
        GenerationJob job = slot.Job!;
        long now = _clock.GetTimestamp();
        slot.Write(slot.Text.Finish(), isLast: true);
        var outcome = new GenerationOutcome
        {
            Reason = reason,
            PromptTokens = job.Settings.Prompt.Length,
            CachedTokens = slot.Reused,
            PredictedTokens = slot.Predicted,
            PromptTime = _clock.GetElapsedTime(slot.StartedAt, slot.FirstTokenAt),
            PredictedTime = slot.Predicted > 0 ? _clock.GetElapsedTime(slot.FirstTokenAt, slot.CountedTo) : TimeSpan.Zero,
            Failure = failure,
            IsRequestsFault = isRequestsFault,
        };
        slot.End(now, keepsCache);
        _processing--;
        job.Complete(outcome);
    }
}
