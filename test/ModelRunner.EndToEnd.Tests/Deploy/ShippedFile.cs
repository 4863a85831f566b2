using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Deploy;

/// <summary>The files of <c>deploy/prometheus</c>.</summary>
internal static class ShippedFile
{
    public static string Folder { get; } = Path.Join(Repository.Root, "deploy/prometheus");

    /// <summary>The text of a file with other values; each shipped value must be in it.</summary>
    public static string Read(string file, params ReadOnlySpan<(string Shipped, string Used)> values)
    {
        string text = File.ReadAllText(Path.Join(Folder, file));
        foreach ((string shipped, string used) in values)
        {
            Assert.Contains(shipped, text, StringComparison.Ordinal);
            text = text.Replace(shipped, used, StringComparison.Ordinal);
        }

        return text;
    }
}
