namespace ModelRunner.LlamaHost.Tools;

/// <summary>A call of a tool that the model asks for.</summary>
/// <param name="Index">Its place among the calls of one answer, from 0.</param>
/// <param name="Id">Its identifier, to which the tool's answer refers.</param>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">The arguments as JSON.</param>
internal sealed record ToolCall(int Index, string Id, string Name, string Arguments);
