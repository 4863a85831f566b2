using ModelRunner.LlamaHost.Embeddings;
using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Loading;
using ModelRunner.LlamaHost.Metrics;

namespace ModelRunner.LlamaHost.Http;

/// <summary>A loaded model and its engine.</summary>
internal sealed class RunningEngine : IDisposable
{
    /// <summary>Starts the engine that the command line asks for.</summary>
    public RunningEngine(LoadedModel model, TimeProvider clock)
    {
        Model = model;
        Counters = new EngineCounters(clock);
        if (model.Settings.IsEmbedding)
            Embeddings = new EmbeddingEngine(model, Counters, clock);
        else
            Generation = new GenerationEngine(model, Counters, clock);
    }

    /// <summary>The model.</summary>
    public LoadedModel Model { get; }

    /// <summary>What the engine counted.</summary>
    public EngineCounters Counters { get; }

    /// <summary>The engine for text; null: the program was started with <c>--embeddings</c>.</summary>
    public GenerationEngine? Generation { get; }

    /// <summary>The engine for vectors; null: the program was started without <c>--embeddings</c>.</summary>
    public EmbeddingEngine? Embeddings { get; }

    /// <summary>The load of the engine.</summary>
    public EngineLoad Load => Generation?.Load ?? Embeddings!.Load;

    /// <summary>Ends all requests.</summary>
    /// <returns>False: a call into llama.cpp did not end in time, and none of its memory may be freed.</returns>
    public bool Stop(TimeSpan limit) => Generation?.Stop(limit) ?? Embeddings!.Stop(limit);

    /// <inheritdoc/>
    public void Dispose()
    {
        Generation?.Dispose();
        Embeddings?.Dispose();
        Model.Dispose();
    }
}
