namespace ModelRunner.LlamaHost.Tools;

/// <summary>A tool call that the model requests.</summary>
/// <param name="Index">Its index among the calls of one response, from 0.</param>
/// <param name="Id">Its identifier, to which the tool's result refers.</param>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">The arguments as JSON.</param>
internal sealed record ToolCall(int Index, string Id, string Name, string Arguments);
