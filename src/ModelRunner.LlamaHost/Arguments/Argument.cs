namespace ModelRunner.LlamaHost.Arguments;

/// <summary>One argument, in the spellings of llama-server.</summary>
/// <param name="Names">Every spelling, the usual one first.</param>
/// <param name="ValueName">What the help calls its value; null: it has none.</param>
/// <param name="Help">One line of help.</param>
/// <param name="Apply">Puts the value into the settings; a <see cref="FormatException"/> says what is wrong with it.</param>
internal sealed record Argument(string[] Names, string? ValueName, string Help, Func<HostSettings, string, HostSettings> Apply);
