using System.Buffers;
using System.Text;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Responses;

/// <summary>
/// Takes the folders out of what an engine wrote before it ended, for clients: they may be other people than the one who runs the daemon.
/// The log keeps the whole line.
/// </summary>
/// <param name="roots">Folders whose names clients must not learn: below them, a space in an unquoted path does not end it.</param>
internal sealed class CauseText(IEnumerable<string> roots)
{
    /// <summary>What may stand before an absolute path.</summary>
    private static readonly SearchValues<char> Openers = SearchValues.Create(" \t'\"`([{<=:,;|");

    /// <summary>What ends a path that no quote encloses.</summary>
    private static readonly SearchValues<char> Enders = SearchValues.Create(" \t'\"`)]}>,;|");

    // The longest first, so that a folder within another one goes as a whole.
    private readonly string[] _roots =
    [
        .. roots.Select(static root => root.TrimEnd('/') + "/").Where(static root => root.Length > 1)
            .Distinct(StringComparer.Ordinal).OrderByDescending(static root => root.Length),
    ];

    /// <summary>With the folders that a daemon was told of, and the home folder of its user.</summary>
    public static CauseText Of(DaemonSettings settings)
    {
        IEnumerable<string?> files =
        [
            settings.Listen.SocketPath, settings.Runners.LlamaServerPath, settings.Runners.LlamaHostPath,
            .. settings.Models.Values.SelectMany(static model => new[] { model.Path, model.ProjectorPath }),
            .. settings.AttachedRunners.Select(static runner => runner.SocketPath),
        ];
        return new CauseText(
        [
            .. new[] { settings.HomePath, settings.ModelsPath, settings.DemoModelsPath, settings.LogDirectory }.OfType<string>(),
            .. files.Select(Path.GetDirectoryName).OfType<string>(),
        ]);
    }

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

    // A quoted path may hold spaces; an unmatched quote, as in a line that was cut, encloses nothing.
    private int FindEnd(string text, int start)
    {
        if (start > 0 && text[start - 1] is '\'' or '"' or '`' && text.IndexOf(text[start - 1], start) is > 0 and var closing)
            return closing;

        string? root = _roots.FirstOrDefault(known => text.AsSpan(start).StartsWith(known, StringComparison.Ordinal));
        int end = FindEnder(text, start + (root?.Length ?? 0));
        return root is null ? end : FindLastPart(text, end);
    }

    // Words after a space belong to the path as long as a slash follows in one of them: "My Models/x.gguf". A word that begins with a slash
    // is another path, and after a model's file comes something else.
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
}
