using System.Buffers;
using System.Text;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// Takes the folders out of what an engine wrote before it ended, for clients: they may be other people than the one who runs the daemon.
/// The log keeps the whole line.
/// </summary>
internal static class CauseText
{
    /// <summary>What may stand before an absolute path.</summary>
    private static readonly SearchValues<char> Openers = SearchValues.Create(" \t'\"`([{<=:,;|");

    /// <summary>What ends a path that no quote encloses.</summary>
    private static readonly SearchValues<char> Enders = SearchValues.Create(" \t'\"`)]}>,;|");

    /// <summary>Replaces each absolute path of two or more parts by its last part.</summary>
    public static string WithoutFolders(string text)
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
    private static int FindEnd(string text, int start)
    {
        if (start > 0 && text[start - 1] is '\'' or '"' or '`' && text.IndexOf(text[start - 1], start) is > 0 and var closing)
            return closing;

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
