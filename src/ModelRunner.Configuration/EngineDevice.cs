namespace ModelRunner.Configuration;

/// <summary>A device on which an engine can compute, as it lists it.</summary>
/// <param name="Name">Its name, for instance <c>CUDA0</c>.</param>
/// <param name="TotalBytes">Its memory.</param>
internal sealed record EngineDevice(string Name, long TotalBytes);
