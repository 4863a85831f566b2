namespace ModelRunner.LlamaHost.Arguments;

/// <summary>One argument, in the spellings of llama-server.</summary>
/// <param name="Names">Every spelling, the usual one first.</param>
/// <param name="ValueName">The name of its value in the help; null: it takes no value.</param>
/// <param name="Help">One line of help.</param>
/// <param name="Apply">Stores the value in the settings; a <see cref="FormatException"/> says what is wrong with it.</param>
internal sealed record Argument(string[] Names, string? ValueName, string Help, Func<HostSettings, string, HostSettings> Apply);
