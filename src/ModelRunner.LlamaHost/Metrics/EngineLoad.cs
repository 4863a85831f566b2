namespace ModelRunner.LlamaHost.Metrics;

/// <summary>How busy the engine is at this moment.</summary>
/// <param name="Processing">Requests that have a slot.</param>
/// <param name="Deferred">Requests that wait for one.</param>
internal readonly record struct EngineLoad(int Processing, int Deferred);
