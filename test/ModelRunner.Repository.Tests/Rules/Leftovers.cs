using System.Text.RegularExpressions;

namespace ModelRunner.Repository.Tests.Rules;

/// <summary>What somebody meant to take away before the work was done.</summary>
internal static partial class Leftovers
{
    /// <summary>Marks for later, and paths of the machine that the work was done on.</summary>
    /// <param name="file">Where to look.</param>
    /// <param name="home">A folder that only this machine has.</param>
    public static IEnumerable<string> Check(RepositoryFile file, string home)
    {
        foreach ((int index, string line) in file.Lines.Index())
        {
            if (Mark().IsMatch(line))
                yield return $"{file.Path}:{index + 1}: left for later: {line.Trim()}";
            if (Regex.IsMatch(line, $@"(?<![\w.~$}}\-]){Regex.Escape(home)}(/|\b)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)))
                yield return $"{file.Path}:{index + 1}: a path of one machine: {line.Trim()}";
        }
    }

    /// <summary>The part of a checkout's path that no other machine is likely to have.</summary>
    public static string HomeOf(string root)
    {
        string top = "/" + root.Split('/', StringSplitOptions.RemoveEmptyEntries)[0];
        return top is "/home" or "/tmp" or "/root" or "/var" or "/usr" or "/opt" or "/srv" or "/mnt" ? root : top;
    }

    // In two parts, or this line would be found.
    [GeneratedRegex("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Mark();
}
