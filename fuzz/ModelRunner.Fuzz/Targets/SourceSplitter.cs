using ModelRunner.Exposition.Tests.Oracle;

namespace ModelRunner.Fuzz.Targets;

/// <summary>Makes several sources out of one input: a record separator, 0x1E, ends one and begins the next.</summary>
internal static class SourceSplitter
{
    private const byte Separator = 0x1E;
    private const int MaxSources = 4;

    public static List<Differential.Source> Split(byte[] input)
    {
        var sources = new List<Differential.Source>();
        var rest = input.AsSpan();
        while (sources.Count < MaxSources - 1 && rest.IndexOf(Separator) is >= 0 and var end)
        {
            sources.Add(new Differential.Source(rest[..end].ToArray(), NameOf(sources.Count)));
            rest = rest[(end + 1)..];
        }

        sources.Add(new Differential.Source(rest.ToArray(), NameOf(sources.Count)));
        return sources;
    }

    private static string NameOf(int source) => ((char)('a' + source)).ToString();
}
