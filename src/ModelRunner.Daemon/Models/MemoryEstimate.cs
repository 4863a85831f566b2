using ModelRunner.Gguf;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// How much memory a runner will need, by part, before it is started. The rules are those by which llama.cpp allocates its buffers; the sizes
/// of the cache agree with what llama-server logs, and the others are measured. All sizes are in bytes and saturate instead of overflowing.
/// </summary>
/// <param name="Weights">The model's files, the image projector and the draft model included.</param>
/// <param name="Cache">The cache of all slots: keys, values and recurrent states.</param>
/// <param name="Compute">The buffer for one batch.</param>
/// <param name="Process">The engine itself, and its vocabulary.</param>
/// <param name="Checkpoints">Copies of states that let a model go back to an earlier token.</param>
/// <param name="PromptCache">Prompts that llama-server keeps outside its slots.</param>
internal sealed record MemoryEstimate(double Weights, double Cache, double Compute, double Process, double Checkpoints, double PromptCache)
{
    // 22 to 28 MiB were measured for llama-server, and 18 MiB for llama-host, without a vocabulary.
    private const double EngineBytes = 28 << 20;

    // For the texts and the indexes of one token: 230 were measured.
    private const double VocabularyBytes = 256;

    // Without a setting, llama-server makes two checkpoints at the end of a prompt, and before that at most one in 8192 tokens.
    private const long CheckpointStep = 8192;
    private const long EndCheckpoints = 2;

    private const double MinPromptCacheBytes = 16 << 20;
    private const double MaxPromptCacheBytes = 2048L << 20;
    private const double FloatBytes = sizeof(float);
    private const double MaskBytes = 2;

    // Without flash attention, each token also needs 7 vectors of the embedding length.
    private const double PairSteps = 7;

    /// <summary>The part of it that may be on graphics cards; null: none. The other parts are as if all of it were in main memory.</summary>
    public GraphicsEstimate? Graphics { get; init; }

    /// <summary>What the draft model adds to the parts; null: there is none.</summary>
    public MemoryEstimate? Draft { get; init; }

    /// <summary>The same without what is on graphics cards.</summary>
    public MemoryEstimate BesideCards() => Graphics is not { } graphics
        ? this
        : this with { Weights = Math.Max(0, Weights + Cache - graphics.Moved - KeptCache), Cache = KeptCache, Graphics = null };

    /// <summary>All parts together.</summary>
    public long Total => Saturate(Weights + Cache + Compute + Process + Checkpoints + PromptCache);

    /// <summary>The parts that are used as soon as the model is loaded. Batches, checkpoints and prompts come with the requests.</summary>
    public long WhenReady => Saturate(Weights + Cache + Process);

    /// <summary>The parts that grow with the requests, so that a measurement may lack them.</summary>
    public double Growth => Compute + Checkpoints + PromptCache;

    /// <summary>Estimates the memory of a runner.</summary>
    /// <param name="header">The header of the model's file.</param>
    /// <param name="weightBytes">Bytes of the model's files.</param>
    /// <param name="shape">The arguments of the runner.</param>
    public static MemoryEstimate Of(GgufHeader header, long weightBytes, RunnerShape shape)
    {
        if (shape is not { Draft: { } draft, Mode: RunnerMode.Completion })
            return OfModel(header, weightBytes, shape);

        // llama-server keeps the prompts of both models, within one limit.
        MemoryEstimate beside = OfModel(draft.Header, draft.File.SizeBytes, shape.OfDraft());
        MemoryEstimate own = OfModel(header, weightBytes, shape);
        double prompts = PromptCacheBytes(own.Cache + beside.Cache, shape);
        double rest = OfModel(header, weightBytes, shape with { Draft = null }).Compute;
        return new MemoryEstimate(
            own.Weights + beside.Weights, own.Cache + beside.Cache, own.Compute + beside.Compute, own.Process + beside.Process - EngineBytes,
            own.Checkpoints + beside.Checkpoints, prompts)
        {
            Graphics = own.Graphics?.With(beside.Graphics) ?? beside.Graphics,
            Draft = beside with
            {
                Compute = beside.Compute + own.Compute - rest,
                Process = beside.Process - EngineBytes,
                PromptCache = prompts - own.PromptCache,
            },
        };
    }

    private static MemoryEstimate OfModel(GgufHeader header, long weightBytes, RunnerShape shape)
    {
        double window = WindowBytes(header.Cache, shape, WindowCells(header.Cache, shape));
        double state = header.Cache.State * FloatBytes * shape.Slots;
        double cache = FullBytes(header.Cache, shape) + window + state;
        double compute = ComputeBytes(header, shape);
        return new MemoryEstimate(
            weightBytes, cache, compute, EngineBytes + (VocabularyBytes * header.VocabularySize),
            CheckpointBytes(header.Cache, shape), PromptCacheBytes(cache, shape))
        {
            Graphics = GraphicsEstimate.Of(header, weightBytes, OffloadIn(shape), cache, compute),
        };
    }

    private double KeptCache => Graphics is { } graphics ? Math.Max(0, Cache - graphics.Cache) : Cache;

    // Only a completion runner loads the image projector.
    private static Offload? OffloadIn(RunnerShape shape) =>
        shape.Mode == RunnerMode.Completion || shape.Offload is null ? shape.Offload : shape.Offload with { ProjectorBytes = 0 };

    private static double FullBytes(CacheShape cache, RunnerShape shape) =>
        Cells(shape) * ((cache.FullKeys * shape.KeyBytes) + (cache.FullValues * shape.ValueBytes));

    private static double WindowBytes(CacheShape cache, RunnerShape shape, double cells) =>
        cells * ((cache.WindowKeys * shape.KeyBytes) + (cache.WindowValues * shape.ValueBytes));

    // The tokens of all slots.
    private static double Cells(RunnerShape shape) => (double)CellsOfSequence(shape) * Sequences(shape);

    private static double WindowCells(CacheShape cache, RunnerShape shape)
    {
        double all = CellsOfSequence(shape);
        double kept = ((double)cache.Window * (shape.IsUnified ? shape.Slots : 1)) + shape.Batch;
        return (shape.KeepsWholeWindow || cache.Window == 0 ? all : RoundUp(Math.Min(all, kept))) * Sequences(shape);
    }

    private static double CellsOfSequence(RunnerShape shape) => RoundUp((double)shape.Context * (shape.IsUnified ? shape.Slots : 1));

    private static int Sequences(RunnerShape shape) => shape.IsUnified ? 1 : shape.Slots;

    private static double RoundUp(double cells) => Math.Ceiling(cells / RunnerShape.ContextStep) * RunnerShape.ContextStep;

    private static double ComputeBytes(GgufHeader header, RunnerShape shape)
    {
        double attended = AttendedTokens(header.Cache, shape);
        double outputs = (double)header.VocabularySize * FloatBytes * shape.Slots * shape.Outputs;
        if (shape.HasFlashAttention)
            return (shape.Batch * ((header.Compute.Width * FloatBytes) + (attended * MaskBytes))) + outputs;

        // Each head has a number for every pair of tokens.
        double pairs = (header.Compute.Heads * attended) + (PairSteps * header.EmbeddingLength);
        return (shape.Batch * FloatBytes * (Math.Max(header.Compute.Width, pairs) + attended)) + outputs;
    }

    // The tokens that one token of a batch may attend to, in layers with full attention and in those with a window.
    private static double AttendedTokens(CacheShape cache, RunnerShape shape)
    {
        if (cache.IsEmpty)
            return shape.Batch;

        double full = cache.FullKeys > 0 ? CellsOfSequence(shape) : 0;
        return full + (cache.WindowKeys > 0 ? WindowCells(cache, shape) / Sequences(shape) : 0);
    }

    // A sliding window and a recurrent state cannot go back, so the server keeps copies of them.
    private static double CheckpointBytes(CacheShape cache, RunnerShape shape)
    {
        double window = shape.KeepsWholeWindow ? 0 : WindowBytes(cache, shape, Math.Min(cache.Window, shape.Context));
        double copies = Math.Min(shape.Checkpoints, EndCheckpoints + (shape.Context / CheckpointStep));
        return copies * shape.Slots * (window + (cache.State * FloatBytes));
    }

    private static double PromptCacheBytes(double cache, RunnerShape shape) => shape switch
    {
        { HasPromptCache: false } => 0,
        { PromptCacheBytes: { } limit } => limit,
        _ => Math.Clamp(cache, MinPromptCacheBytes, MaxPromptCacheBytes),
    };

    private static long Saturate(double bytes) => bytes < long.MaxValue ? (long)bytes : long.MaxValue;
}
