using ModelRunner.LlamaHost.Arguments;

namespace ModelRunner.LlamaHost.Http;

/// <summary>What the endpoints share: the command line, and the engine once it is there.</summary>
internal sealed class HostState(HostSettings settings, TimeProvider clock)
{
    private volatile RunningEngine? _engine;

    /// <summary>The command line.</summary>
    public HostSettings Settings { get; } = settings;

    /// <summary>The memory for the bodies of requests.</summary>
    public BodyMemory BodyMemory { get; } =
        new(BodyMemory.ChooseLimit(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes), TimeSpan.FromMinutes(1), clock);

    /// <summary>The clock for the times in answers.</summary>
    public TimeProvider Clock { get; } = clock;

    /// <summary>The engine; null: the model is being loaded.</summary>
    public RunningEngine? Engine => _engine;

    /// <summary>Lets requests in.</summary>
    public void Serve(RunningEngine engine) => _engine = engine;

    /// <summary>The engine, for an endpoint that needs it.</summary>
    /// <exception cref="ApiException">The model is being loaded.</exception>
    public RunningEngine RequireEngine() => _engine ?? throw ApiException.Unavailable("Loading model");

    /// <summary>The time as OpenAI's API tells it: seconds since 1970.</summary>
    public long UnixSeconds() => Clock.GetUtcNow().ToUnixTimeSeconds();
}
