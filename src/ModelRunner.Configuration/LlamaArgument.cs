namespace ModelRunner.Configuration;

/// <summary>An argument of llama-server that users may add.</summary>
/// <param name="Name">The spelling that is passed on, which every version knows.</param>
/// <param name="Kind">The kind of its value.</param>
internal readonly record struct LlamaArgument(string Name, LlamaValueKind Kind);
