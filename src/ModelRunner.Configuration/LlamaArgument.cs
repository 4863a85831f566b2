namespace ModelRunner.Configuration;

/// <summary>An argument of llama-server that may be added.</summary>
/// <param name="Name">The spelling that is passed on, which every version knows.</param>
/// <param name="Kind">What follows it.</param>
internal readonly record struct LlamaArgument(string Name, LlamaValueKind Kind);
