using ModelRunner.LlamaHost.Arguments;

namespace ModelRunner.LlamaHost.Http;

/// <summary>The state that endpoints share: the settings, and the engine once it is loaded.</summary>
internal sealed class HostState(HostSettings settings, TimeProvider clock)
{
    private volatile RunningEngine? _engine;

    /// <summary>The settings of the command line.</summary>
    public HostSettings Settings { get; } = settings;

    /// <summary>The memory for request bodies.</summary>
    public BodyMemory BodyMemory { get; } =
        new(MemoryLimits.OfProcess.AllBodiesBytes, TimeSpan.FromMinutes(1), clock);

    /// <summary>The clock for the times in responses.</summary>
    public TimeProvider Clock { get; } = clock;

    /// <summary>The engine; null: the model is still loading.</summary>
    public RunningEngine? Engine => _engine;

    /// <summary>Starts to accept requests.</summary>
    public void Serve(RunningEngine engine) => _engine = engine;

    /// <summary>The engine, for an endpoint that needs it.</summary>
    /// <exception cref="ApiException">The model is still loading.</exception>
    public RunningEngine RequireEngine() => _engine ?? throw ApiException.Unavailable("Loading model");

    /// <summary>The time in the format of OpenAI's API: seconds since 1970.</summary>
    public long UnixSeconds() => Clock.GetUtcNow().ToUnixTimeSeconds();
}
