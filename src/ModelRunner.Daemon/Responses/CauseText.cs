using System.Buffers;
using System.Text;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Responses;

/// <summary>
/// Removes the folders of paths from an engine's last output before clients see it: clients may be other people than the user who runs the
/// daemon. The log keeps the whole line.
/// </summary>
/// <param name="roots">Folders whose names clients must not see. In an unquoted path below them, a space does not end the path.</param>
internal sealed class CauseText(IEnumerable<string> roots)
{
    /// <summary>Characters that may precede an absolute path.</summary>
    private static readonly SearchValues<char> Openers = SearchValues.Create(" \t'\"`([{<=:,;|");

    /// <summary>Characters that end an unquoted path.</summary>
    private static readonly SearchValues<char> Enders = SearchValues.Create(" \t'\"`)]}>,;|");

    private volatile string[] _roots = Sort(roots);

    /// <summary>With the folders of a daemon's settings, and the home folder of its user.</summary>
    public static CauseText Of(DaemonSettings settings) => new(RootsOf(settings));

    /// <summary>Replaces the settings.</summary>
    public void Configure(DaemonSettings settings) => _roots = Sort(RootsOf(settings));

    /// <summary>Replaces each absolute path of two or more parts by its last part.</summary>
    public string WithoutFolders(string text)
    {
        if (!text.Contains('/', StringComparison.Ordinal))
            return text;

        var shown = new StringBuilder(text.Length);
        int position = 0;
        while (position < text.Length)
        {
            if (text[position] != '/' || (position > 0 && !Openers.Contains(text[position - 1])))
            {
                shown.Append(text[position++]);
                continue;
            }

            int end = FindEnd(text, position);
            shown.Append(LastPart(text[position..end]));
            position = end;
        }

        return shown.ToString();
    }

    // A quoted path may contain spaces; an unmatched quote, as in a cut line, is ignored.
    private int FindEnd(string text, int start)
    {
        if (start > 0 && text[start - 1] is '\'' or '"' or '`' && text.IndexOf(text[start - 1], start) is > 0 and var closing)
            return closing;

        string? root = _roots.FirstOrDefault(known => text.AsSpan(start).StartsWith(known, StringComparison.Ordinal));
        int end = FindEnder(text, start + (root?.Length ?? 0));
        return root is null ? end : FindLastPart(text, end);
    }

    // Words after a space belong to the path as long as one of them contains a slash: "My Models/x.gguf". A word that begins with a slash is
    // another path, and the path ends after a model's file.
    private static int FindLastPart(string text, int end)
    {
        int word = end;
        while (word < text.Length - 1 && text[word] == ' ' && text[word + 1] != '/'
            && !text.AsSpan(0, end).EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
        {
            int next = FindEnder(text, word + 1);
            if (text.AsSpan(word, next - word).Contains('/'))
                end = next;
            word = next;
        }

        return end;
    }

    private static int FindEnder(string text, int start)
    {
        int length = text.AsSpan(start).IndexOfAny(Enders);
        return length < 0 ? text.Length : start + length;
    }

    private static string LastPart(string path)
    {
        string trimmed = path.TrimEnd('/', ':', '.');
        int slash = trimmed.LastIndexOf('/');
        return slash > 0 ? path[(slash + 1)..] : path;
    }

    private static IEnumerable<string> RootsOf(DaemonSettings settings)
    {
        IEnumerable<string?> files =
        [
            settings.Listen.SocketPath, settings.Runners.LlamaServerPath, settings.Runners.LlamaHostPath,
            .. settings.Models.Values.SelectMany(static model => new[] { model.Path, model.ProjectorPath }),
            .. settings.Models.Values.Select(static model => model.Engine?.Command[0]),
            .. settings.Runners.Builds.Values.Select(static build => build.Path),
            .. settings.AttachedRunners.Select(static runner => runner.SocketPath),
        ];
        return
        [
            .. new[] { settings.HomePath, settings.ModelsPath, settings.DemoModelsPath, settings.LogDirectory }.OfType<string>(),
            .. files.Select(Path.GetDirectoryName).OfType<string>(),
        ];
    }

    // The longest first, so that a folder within another one is replaced as a whole.
    private static string[] Sort(IEnumerable<string> roots) =>
    [
        .. roots.Select(static root => root.TrimEnd('/') + "/").Where(static root => root.Length > 1)
            .Distinct(StringComparer.Ordinal).OrderByDescending(static root => root.Length),
    ];
}
