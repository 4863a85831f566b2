using System.Text.Json;

namespace ModelRunner.Configuration;

/// <summary>One value of the configuration file, with its location.</summary>
/// <param name="Kind">Its JSON type.</param>
/// <param name="Path">Its path from the root, for instance <c>models["a:b"].path</c>.</param>
/// <param name="Line">The line on which it begins, from 1.</param>
/// <param name="Text">The text of a string, number, true, false or null; empty for the others.</param>
internal sealed record FileNode(JsonValueKind Kind, string Path, int Line, string Text)
{
    /// <summary>The members of an object, in order; names are unique.</summary>
    public IReadOnlyList<KeyValuePair<string, FileNode>> Members { get; init; } = [];

    /// <summary>The items of an array, in order.</summary>
    public IReadOnlyList<FileNode> Items { get; init; } = [];

    /// <summary>Its type, for a sentence.</summary>
    public string KindName => Kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
