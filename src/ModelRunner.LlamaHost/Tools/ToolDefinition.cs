using System.Text.Json;

namespace ModelRunner.LlamaHost.Tools;

/// <summary>A tool that a request offers to the model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Json">Its whole definition as JSON on one line, as the model reads it.</param>
/// <param name="Parameters">The JSON schema of its arguments; null: it takes any.</param>
internal sealed record ToolDefinition(string Name, string Json, JsonElement? Parameters);
