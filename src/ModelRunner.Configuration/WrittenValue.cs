namespace ModelRunner.Configuration;

/// <summary>The value of one option as the user wrote it.</summary>
/// <param name="Key">The key as the user wrote it: a flag, a variable, or a location in the file with its line.</param>
/// <param name="Text">The value; the items joined by commas where it was a list.</param>
/// <param name="Source">Where it was set.</param>
/// <param name="Items">The items if it was a list in the file; null otherwise.</param>
internal sealed record WrittenValue(string Key, string Text, OptionSource Source, IReadOnlyList<string>? Items = null);
