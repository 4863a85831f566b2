namespace ModelRunner.LlamaHost.Metrics;

/// <summary>The load of the engine at one moment.</summary>
/// <param name="Processing">Requests that have a slot.</param>
/// <param name="Deferred">Requests that wait for a slot.</param>
internal readonly record struct EngineLoad(int Processing, int Deferred);
