using LLama.Native;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// One decoding slot: its current request, and the tokens in its part of the cache. Only the inference thread uses it.
/// </summary>
internal sealed class Slot(int index)
{
    private readonly List<LLamaToken> _cached = [];
    private List<TokenProbability> _untold = [];

    /// <summary>The slot's number, which is also llama.cpp's sequence id.</summary>
    public LLamaSeqId Sequence { get; } = (LLamaSeqId)index;

    /// <summary>The current request; null: the slot is free.</summary>
    public GenerationJob? Job { get; private set; }

    /// <summary>Chooses the request's tokens.</summary>
    public TokenSampler? Sampler { get; private set; }

    /// <summary>The text of the response.</summary>
    public ResponseText Text { get; private set; } = new([]);

    /// <summary>Tokens of the prompt that were in the cache.</summary>
    public int Reused { get; private set; }

    /// <summary>Tokens of the prompt that are in the cache now.</summary>
    public int PromptDone { get; private set; }

    /// <summary>Generated tokens.</summary>
    public int Predicted { get; private set; }

    /// <summary>The last generated token, which is not in the cache yet.</summary>
    public LLamaToken LastToken { get; private set; }

    /// <summary>The index of the slot's output in the batch; negative: none.</summary>
    public int OutputIndex { get; private set; } = -1;

    /// <summary>The number of tokens that the slot added to the batch.</summary>
    public int TokensInBatch { get; private set; }

    /// <summary>When the request got the slot, as a timestamp.</summary>
    public long StartedAt { get; private set; }

    /// <summary>When the first token came, as a timestamp.</summary>
    public long FirstTokenAt { get; private set; }

    /// <summary>The end of the last counted work, as a timestamp.</summary>
    public long CountedTo { get; set; }

    /// <summary>When the slot became free, to find the one that has been free longest.</summary>
    public long FreeSince { get; private set; }

    /// <summary>Tokens in the slot's part of the cache.</summary>
    public int Length => _cached.Count;

    /// <summary>Whether the whole prompt is in the cache.</summary>
    public bool IsPromptDone => Job is not null && PromptDone == Job.Settings.Prompt.Length;

    /// <summary>How many tokens at the prompt's beginning are in the cache. The last token does not count: its output is needed.</summary>
    public int CommonPrefix(ReadOnlySpan<LLamaToken> prompt)
    {
        int most = Math.Min(_cached.Count, prompt.Length - 1);
        int common = 0;
        while (common < most && _cached[common] == prompt[common])
            common++;
        return common;
    }

    /// <summary>Gives the slot to a request.</summary>
    /// <param name="job">The request.</param>
    /// <param name="sampler">Chooses its tokens; the slot now owns it.</param>
    /// <param name="keep">The number of cached tokens to keep.</param>
    /// <param name="now">The timestamp.</param>
    public void Begin(GenerationJob job, TokenSampler? sampler, int keep, long now)
    {
        _cached.RemoveRange(keep, _cached.Count - keep);
        Job = job;
        Sampler = sampler;
        Text = new ResponseText(job.Settings.StopTexts);
        _untold = [];
        Reused = PromptDone = keep;
        Predicted = 0;
        StartedAt = CountedTo = FirstTokenAt = now;
    }

    /// <summary>Removes the slot's output index after a batch.</summary>
    public void LeaveBatch()
    {
        OutputIndex = -1;
        TokensInBatch = 0;
    }

    /// <summary>Adds the last generated token to the batch.</summary>
    public void AddLastToken(LLamaBatch batch)
    {
        OutputIndex = batch.Add(LastToken, _cached.Count, Sequence, true);
        _cached.Add(LastToken);
        TokensInBatch = 1;
    }

    /// <summary>Adds as much of the prompt as fits to the batch.</summary>
    public void AddPrompt(LLamaBatch batch, int batchTokens)
    {
        LLamaToken[] prompt = Job!.Settings.Prompt;
        while (PromptDone < prompt.Length && batch.TokenCount < batchTokens)
        {
            bool isLast = PromptDone == prompt.Length - 1;
            int at = batch.Add(prompt[PromptDone], _cached.Count, Sequence, isLast);
            if (isLast)
                OutputIndex = at;
            _cached.Add(prompt[PromptDone++]);
            TokensInBatch++;
        }
    }

    /// <summary>Records a generated token.</summary>
    public void Predict(LLamaToken token, long now)
    {
        if (Predicted++ == 0)
            FirstTokenAt = now;
        LastToken = token;
    }

    /// <summary>Records the probability of the last generated token, to be reported with its text.</summary>
    public void Note(TokenProbability probability) => _untold.Add(probability);

    /// <summary>Writes a text together with the probabilities that were not reported yet, unless both are empty.</summary>
    /// <param name="text">The text; it may be empty.</param>
    /// <param name="isLast">Whether nothing follows.</param>
    public void Write(string text, bool isLast)
    {
        if (text.Length == 0 && !(isLast && _untold.Count > 0))
            return;
        Job!.Write(new TextPiece(text, _untold));
        if (_untold.Count > 0)
            _untold = [];
    }

    /// <summary>Frees the slot. The contents of the cache stay for the next request.</summary>
    /// <param name="now">The timestamp.</param>
    /// <param name="keepsCache">Whether the cache contains what the slot recorded.</param>
    public void End(long now, bool keepsCache)
    {
        Sampler?.Dispose();
        Sampler = null;
        Job = null;
        FreeSince = now;
        LeaveBatch();
        if (!keepsCache)
            _cached.Clear();
    }
}
