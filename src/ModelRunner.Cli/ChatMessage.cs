namespace ModelRunner.Cli;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">The speaker: <c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">The text.</param>
internal sealed record ChatMessage(string Role, string Content);
